// Exports images of a graph as an archive that other tools load.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../disk/index.js";
import { type Graph, type Image, isConfigImage } from "../graph/index.js";
import type { Digest } from "../layer/index.js";
import { type ImageFormat, isImageName, StevedoreError } from "../terms/index.js";
import type { ExportContent, ExportedImage, LayerCompression, WriteFormat } from "./target/index.js";
import {
  createArchive,
  readyLayers,
  type Threads,
  writeDocker,
  writeDockerLegacy,
  writeOci,
} from "./target/index.js";

/** The formats, each with its default compression of layers. */
const formats = {
  docker: { write: writeDocker, compression: "none" },
  "docker-legacy": { write: writeDockerLegacy, compression: "none" },
  oci: { write: writeOci, compression: "gzip" },
} as const satisfies Record<
  ImageFormat,
  { readonly write: WriteFormat; readonly compression: LayerCompression }
>;

type ExportFormat = keyof typeof formats;

export interface ExportRequest {
  /** Names this export in the error that a deletion of its images gets meanwhile. */
  readonly purpose: string;
  /** At least one name, id or prefix of an id. An image that several of them mean is exported once. */
  readonly references: readonly string[];
  readonly format: ExportFormat;
  /** Default: `none`, and `gzip` for `oci`. */
  readonly compression?: LayerCompression | undefined;
  /** Writes every layer as its canonical tar. Default false: a layer that was imported is written as it came. */
  readonly isCanonical?: boolean | undefined;
  /** An empty directory in which the archive is made. Other files that are left in it are of no use. */
  readonly stage: string;
  readonly threads: Threads;
  /** Called with the bytes of canonical tar that were read so far, and the estimated total. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A finished export. */
export interface Exported {
  /** The archive: in the stage, synced to the disk, mode 0600. */
  readonly path: string;
  /** The size of the archive. */
  readonly bytes: number;
  /** The sha256 of the archive. */
  readonly digest: Digest;
  readonly images: readonly { readonly id: string; readonly names: readonly string[] }[];
  /** How many layers the archive holds. */
  readonly layers: number;
}

/**
 * Exports images with all their layers. A layer that several images share is written once. The same images with the
 * same names in the same order give the same bytes on every host that has the same version of gzip, zstd or xz.
 * @throws as `Graph.history`; `INVALID_JOB` for `xz` in `oci`; `LIMIT_EXCEEDED` for records that are too large for a
 * config; `CHECKSUM_MISMATCH` for a layer that changes while it is read, or that differs from its stored checksum;
 * `NO_SPACE`, `TOOL_MISSING`, `CANCELLED`, `INTERNAL`
 */
export async function exportImages(
  graph: Graph,
  request: ExportRequest,
  signal: AbortSignal,
): Promise<Exported> {
  const { purpose, references, format, compression = formats[format].compression } = request;
  assertReadable(format, compression);
  const found = await readImages(graph, references);
  const ids = found.flatMap(({ chain }) => chain.map(({ id }) => id));
  const write = async () => {
    // Read again under the lease: an image may have been deleted just before.
    const images = await readImages(
      graph,
      found.map(({ id }) => id),
    );
    return writeArchive(graph, await withNames(graph, images, format), { ...request, compression }, signal);
  };
  return await graph.withLease(purpose, [...new Set(ids)], write, signal);
}

async function writeArchive(
  graph: Graph,
  images: readonly ExportedImage[],
  request: ExportRequest & Pick<ExportContent, "compression">,
  signal: AbortSignal,
): Promise<Exported> {
  const { format, compression, isCanonical = false, stage, threads, onProgress } = request;
  // An OCI layout has blobs, the others have directories of images, of which one may have an empty layer.
  const written = images.flatMap(({ chain, layers }) => (format === "oci" ? layers : chain));
  const byId = new Map(written.map((image) => [image.id, image] as const));
  const distinct = [...byId.values()];
  let total = 0;
  for (const { id } of distinct) total += (await graph.layerFacts(id, signal)).layerBytes;
  const [path, staging] = [join(stage, "archive"), join(stage, "layers")];
  try {
    await mkdir(staging);
    const onRead = (done: number) => onProgress?.(done, Math.max(done, total));
    const shared = { graph, compression, isCanonical };
    const settings = { ...shared, images: distinct, staging, threads, onProgress: onRead };
    await using archive = await createArchive(path);
    const layers = readyLayers(settings, signal);
    await formats[format].write({ images, layers, compression, isCanonical }, archive);
    const finished = await archive.finish(signal);
    return {
      path,
      ...finished,
      images: images.map(({ id, names }) => ({ id, names })),
      layers: new Set(images.flatMap((image) => image.layers.map(({ id }) => id))).size,
    };
  } catch (error) {
    throw ioError(error, "the export cannot be written");
  }
}

/** Refuses xz in an OCI layout: neither skopeo nor umoci nor a container runtime reads such a layer. */
function assertReadable(format: ExportFormat, compression: LayerCompression): void {
  if (format !== "oci" || compression !== "xz") return;
  throw new StevedoreError(
    "INVALID_JOB",
    "OCI has no layers in xz (image-spec, media-types.md): export with gzip, zstd or none",
  );
}

async function readImages(graph: Graph, references: readonly string[]): Promise<ExportedImage[]> {
  const images = new Map<string, ExportedImage>();
  for (const reference of references) {
    const history: readonly Image[] = await graph.history(reference);
    const { id } = history[0] as Image;
    const chain = history.toReversed();
    const layers = chain.filter(({ directory }) => !isConfigImage(directory));
    if (!images.has(id)) images.set(id, { id, names: [], chain, layers });
  }
  return [...images.values()];
}

/** Adds the names of each image that the format can hold. Names that only Docker 0.3 took go into `docker-legacy`. */
async function withNames(
  graph: Graph,
  images: readonly ExportedImage[],
  format: ExportFormat,
): Promise<ExportedImage[]> {
  const byImage = await graph.names.byImage();
  return images.map((image) => {
    const names = byImage.get(image.id) ?? [];
    return { ...image, names: format === "docker-legacy" ? names : names.filter(isImageName) };
  });
}
