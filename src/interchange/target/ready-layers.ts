// The layers of an export on their way into its archive: compressed side by side into staging, and uncompressed, where
// the disk sets the pace, one after the other straight into the archive.
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Graph, Image } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { mapConcurrent } from "../map-concurrent.js";
import { sumOfEach } from "../sum-of-each.js";
import type { ArchiveWriter } from "./archive-writer.js";
import type { LayerCompression } from "./compress.js";
import { createFile } from "./file-writer.js";
import { type LayerBlob, writeLayerBlob } from "./layer-blob.js";

/** Threads for compressors, which several exports may share. */
export interface Threads {
  /** How many there are. */
  readonly threads: number;
  /** Waits for its turn: for one, or for as many as are free and a layer of that size can keep busy. */
  take(layerBytes: number | "one", signal: AbortSignal): Promise<Disposable & { readonly threads: number }>;
}

/** A layer whose turn in the archive has come. */
export interface ReadyLayer {
  readonly image: Image;
  /**
   * Puts it there, under the path that `pathOf` gives for its blob; for undefined it is left out.
   * @returns the blob
   */
  addTo(archive: ArchiveWriter, pathOf: (blob: LayerBlob) => string | undefined): Promise<LayerBlob>;
}

export interface LayersRequest {
  readonly graph: Graph;
  /** The images whose layers are wanted, each once. */
  readonly images: readonly Image[];
  readonly compression: LayerCompression;
  /** A directory for layers whose turn has not come yet. */
  readonly staging: string;
  readonly threads: Threads;
  /** Told how many bytes of canonical tars were read so far. */
  readonly onProgress: (tarBytes: number) => void;
}

/**
 * Yields the layers in the order of the images.
 * @throws as `writeLayerBlob`, here and from `addTo`; `CHECKSUM_MISMATCH` for a layer that is not any more what its checksum
 * was computed of
 */
export async function* readyLayers(
  request: LayersRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadyLayer, void, undefined> {
  const { graph, images, compression, staging, threads } = request;
  const onProgress = sumOfEach(request.onProgress);
  const pour = async (
    image: Image,
    body: Parameters<typeof writeLayerBlob>[1],
    count: number,
    either: AbortSignal,
  ) => {
    const { id, layerDirectory } = image;
    const told = (tarBytes: number) => onProgress(id, tarBytes);
    const request = { layerDirectory, compression, threads: count, onProgress: told };
    const blob = await writeLayerBlob(request, body, either);
    await assertUnchanged(graph, id, blob);
    return blob;
  };
  if (compression === "none") {
    for (const image of images) yield { image, addTo: straight(image) };
    return;
  }
  const stage = async (image: Image, either: AbortSignal): Promise<ReadyLayer> => {
    const { layerBytes } = await graph.layerFacts(image.id, either);
    using share = await threads.take(compression === "gzip" ? "one" : layerBytes, either);
    const path = join(staging, image.id);
    await using file = await createFile(path);
    const body = { write: file.write, rewind: () => file.backTo(0) };
    const blob = await pour(image, body, share.threads, either);
    await file.flush();
    return { image, addTo: staged(path, blob) };
  };
  yield* mapConcurrent(images, threads.threads, stage, signal);

  function straight(image: Image): ReadyLayer["addTo"] {
    return async (archive, pathOf) => {
      let blob: LayerBlob | undefined;
      await archive.addWritten(async (body) => {
        blob = await pour(image, body, 1, signal);
        return pathOf(blob);
      });
      return blob as LayerBlob;
    };
  }
}

/** Copies a layer from staging, where it does not stay. */
function staged(path: string, blob: LayerBlob): ReadyLayer["addTo"] {
  return async (archive, pathOf) => {
    const inArchive = pathOf(blob);
    if (inArchive !== undefined) {
      await archive.addWritten(async ({ write }) => {
        for await (const chunk of createReadStream(path, { highWaterMark: copiedBytes }))
          await write(chunk as Buffer);
        return inArchive;
      });
    }
    await rm(path);
    return blob;
  };
}

const copiedBytes = 1024 ** 2;

async function assertUnchanged(graph: Graph, id: string, { diffId }: LayerBlob): Promise<void> {
  const stored = Object.values(await graph.storedChecksums(id)).flatMap(({ tarDigest }) => tarDigest ?? []);
  const other = stored.find((tarDigest) => tarDigest !== diffId);
  if (other === undefined) return;
  throw new StevedoreError(
    "CHECKSUM_MISMATCH",
    `the layer of image ${id} has the tar digest ${diffId}, but ${other} is stored`,
  );
}
