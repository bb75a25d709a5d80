// Detects the format of a source by its files, and reads its images.
import { StevedoreError } from "../../terms/index.js";
import { layoutFile, manifestFile } from "../formats/index.js";
import { readDockerArchive } from "./docker-archive.js";
import { hasLegacyImages, readDockerLegacy } from "./docker-legacy.js";
import { type DocumentReader, openDocuments } from "./documents.js";
import { assertEnd, type SourceFiles } from "./files/index.js";
import { choosePlatform, type LoadableImage } from "./loadable-image.js";
import { decideNames, namesOf } from "./names.js";
import { readOciLayout } from "./oci-layout.js";
import { mostImages, type SourceFormat, type SourceImage, type SourceRequest } from "./source-image.js";

/** A source that was read, but for its layers. */
export interface ReadSource {
  readonly format: SourceFormat;
  readonly images: readonly SourceImage[];
  /** The names of all images, with the ids that they mean. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Reads the images of a source, but for the bytes of their layers.
 * @throws `BAD_ARCHIVE` for a source that has none of the formats or is malformed; `SOURCE_MISMATCH` naming a blob;
 * `UNSAFE_ENTRY`, `SOURCE_NOT_FOUND` for a platform that the source lacks, `PARENT_CYCLE`, `LIMIT_EXCEEDED`,
 * `INVALID_NAME`, `INVALID_JOB`
 */
export async function readImages(
  files: SourceFiles,
  { platform, name, maxRecordBytes }: SourceRequest,
): Promise<ReadSource> {
  const documents = openDocuments(files);
  const format = await detectFormat(documents);
  const chosen = await choosePlatform(await readers[format](documents, maxRecordBytes), platform);
  assertImageCount(chosen.length);
  const given = chosen.map(({ names }) => names);
  const names = decideNames(given, name);
  const images: SourceImage[] = [];
  for (const [at, image] of chosen.entries()) images.push(await load(image, names[at] ?? []));
  return { format, images, names: namesOf(images) };
}

const readers = {
  docker: readDockerArchive,
  "docker-legacy": readDockerLegacy,
  oci: readOciLayout,
} as const satisfies Record<SourceFormat, unknown>;

/**
 * An archive may have several formats at once. `manifest.json` comes first, because it has the names as Docker has
 * them.
 */
async function detectFormat(documents: DocumentReader): Promise<SourceFormat> {
  const { files } = documents;
  if ((await files.find(manifestFile)) !== undefined) return "docker";
  if ((await files.find(layoutFile)) !== undefined) return "oci";
  // From here on no digest is in the source.
  assertEnd(files);
  if (await hasLegacyImages(documents)) return "docker-legacy";
  throw new StevedoreError(
    "BAD_ARCHIVE",
    "this holds no images: neither a docker-archive (manifest.json, or an id with json and layer.tar) nor an OCI " +
      "layout (oci-layout)",
  );
}

async function load(image: LoadableImage, names: readonly string[]): Promise<SourceImage> {
  const chain = await image.chain();
  return { id: chain.at(-1)?.id ?? "", names, chain };
}

function assertImageCount(count: number): void {
  if (count === 0) throw new StevedoreError("BAD_ARCHIVE", "this holds no images: its list of them is empty");
  if (count <= mostImages) return;
  throw new StevedoreError("LIMIT_EXCEEDED", `the source has ${count} images, more than ${mostImages}`);
}
