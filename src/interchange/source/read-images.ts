// Detects the format of a source by its files, and reads its images.
import { z } from "zod";
import { StevedoreError } from "../../terms/index.js";
import {
  annotationKeys,
  dockerManifest,
  index,
  indexFile,
  layoutFile,
  manifestFile,
} from "../formats/index.js";
import { noImageBut, type Skipped } from "./artifacts.js";
import { readDirLayout } from "./dir-layout.js";
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
  /** What the source has besides images. */
  readonly skipped: readonly Skipped[];
}

/**
 * Reads the images of a source, but for the bytes of their layers. Artifacts beside them are passed over.
 * @throws `BAD_ARCHIVE` for a source that has none of the formats or is malformed; `SOURCE_MISMATCH` naming a blob;
 * `UNSAFE_ENTRY`, `SOURCE_NOT_FOUND` for a platform that the source lacks, `PARENT_CYCLE`, `LIMIT_EXCEEDED`,
 * `INVALID_NAME`, `INVALID_JOB`
 */
export async function readImages(
  files: SourceFiles,
  { platform, name, maxRecordBytes }: SourceRequest,
): Promise<ReadSource> {
  const documents = openDocuments(files);
  const { format, chosen, skipped } = await findImages(documents, platform, maxRecordBytes);
  assertImageCount(chosen.length, skipped);
  const given = chosen.map(({ names }) => names);
  const names = decideNames(given, name);
  const images: SourceImage[] = [];
  for (const [at, image] of chosen.entries()) images.push(await load(image, names[at] ?? []));
  return { format, images, names: namesOf(images), skipped };
}

const readers = {
  docker: readDockerArchive,
  "docker-legacy": readDockerLegacy,
  oci: readOciLayout,
  dir: readDirLayout,
} as const satisfies Record<SourceFormat, unknown>;

/** What is found in a source, of one of its formats. */
interface Found {
  readonly format: SourceFormat;
  /** The images for the platform. */
  readonly chosen: readonly LoadableImage[];
  readonly skipped: readonly Skipped[];
}

/** Finds the images in the first of the source's formats that has some for the platform. */
async function findImages(
  documents: DocumentReader,
  platform: string | undefined,
  maxRecordBytes: number,
): Promise<Found> {
  const formats = await detectFormats(documents);
  let empty: Found | undefined;
  for (const [at, format] of formats.entries()) {
    const isLast = at === formats.length - 1;
    const skipped: Skipped[] = [];
    const images = await readers[format](documents, maxRecordBytes, (one) => skipped.push(one));
    empty = { format, chosen: [], skipped };
    if (images.length === 0) continue;
    try {
      return { format, chosen: await choosePlatform(images, platform), skipped };
    } catch (error) {
      const isElsewhere = error instanceof StevedoreError && error.code === "SOURCE_NOT_FOUND";
      if (!isElsewhere || isLast) throw error;
    }
  }
  return empty as Found;
}

/**
 * An archive may have several formats at once. Where `manifest.json` lists the blobs of a layout, as Docker writes it since
 * version 25, and that has as many names, the layout comes first: it has the manifests, and the digests of all blobs. Else
 * `manifest.json` does, because it has the names as Docker has them. Beside a layout it may have no images (containerd writes a list of
 * platforms to `index.json` alone), or only the one for a single platform.
 */
async function detectFormats(documents: DocumentReader): Promise<readonly SourceFormat[]> {
  const { files } = documents;
  const hasLayout = (await files.find(layoutFile)) !== undefined;
  if ((await files.find(manifestFile)) !== undefined) {
    const { content } = await documents.read(manifestFile, z.unknown());
    if (typeof content === "object" && content !== null && !Array.isArray(content)) return ["dir"];
    const isEmpty = content === null || (Array.isArray(content) && content.length === 0);
    if (!hasLayout) return ["docker"];
    if (!isEmpty) return (await isInLayout(content, documents)) ? ["oci", "docker"] : ["docker", "oci"];
  }
  if (hasLayout) return ["oci"];
  // From here on no digest is in the source.
  assertEnd(files);
  if (await hasLegacyImages(documents)) return ["docker-legacy"];
  throw new StevedoreError(
    "BAD_ARCHIVE",
    "this holds no images: neither a docker-archive (manifest.json, or an id with json and layer.tar) nor an OCI " +
      "layout (oci-layout)",
  );
}

/** True if the layout beside a `manifest.json` has the same blobs, and as many names. */
async function isInLayout(content: unknown, documents: DocumentReader): Promise<boolean> {
  const parsed = dockerManifest.safeParse(content);
  if (!parsed.success || !parsed.data.every(({ Config }) => Config.startsWith("blobs/"))) return false;
  if ((await documents.files.find(indexFile)) === undefined) return false;
  const { manifests } = (await documents.read(indexFile, index)).content;
  const { containerdName, refName } = annotationKeys;
  const named = (manifests ?? []).filter(
    ({ annotations }) => (annotations?.[containerdName] ?? annotations?.[refName]) !== undefined,
  );
  return named.length >= parsed.data.flatMap(({ RepoTags }) => RepoTags ?? []).length;
}

async function load(image: LoadableImage, names: readonly string[]): Promise<SourceImage> {
  const chain = await image.chain();
  return { id: chain.at(-1)?.id ?? "", names, chain };
}

/** @throws `BAD_ARCHIVE` for no image, `LIMIT_EXCEEDED` for too many */
export function assertImageCount(count: number, skipped: readonly Skipped[]): void {
  if (count === 0 && skipped.length > 0) throw noImageBut(skipped);
  if (count === 0) throw new StevedoreError("BAD_ARCHIVE", "this holds no images: its list of them is empty");
  if (count <= mostImages) return;
  throw new StevedoreError("LIMIT_EXCEEDED", `the source has ${count} images, more than ${mostImages}`);
}
