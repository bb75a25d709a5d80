// Makes the layers of an export ready for the archive. Compressed layers are made several at a time in staging.
// Uncompressed layers are written one by one into the archive itself, because there the disk is the bottleneck.
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { mapConcurrent } from "../../disk/index.js";
import type { Graph, Image } from "../../graph/index.js";
import type { BlockCompressor } from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";
import { sumOfEach } from "../sum-of-each.js";
import type { ArchiveWriter } from "./archive-writer.js";
import { type Compressor, compress, type LayerCompression } from "./compress.js";
import { createFile } from "./file-writer.js";
import { type LayerBlob, writeLayerBlob } from "./layer-blob.js";
import { outgoingLayer } from "./outgoing-layer.js";

/** The threads that compressors may use. Several exports share them. */
export interface Threads {
  /** How many threads there are. */
  readonly threads: number;
  /** Waits for a thread, and takes as many as are free and a layer of this size can keep busy. */
  take(layerBytes: number, signal: AbortSignal): Promise<Disposable & { readonly count: number }>;
  /** What compresses the blocks of a layer by xz: each block takes a thread by itself. */
  blocks(layerBytes: number): BlockCompressor;
}

/** A layer that is next in the archive. */
export interface ReadyLayer {
  readonly image: Image;
  /**
   * Adds the layer under the path that `pathOf` returns for its blob. It is left out if that is undefined.
   * @returns the blob
   */
  addTo(archive: ArchiveWriter, pathOf: (blob: LayerBlob) => string | undefined): Promise<LayerBlob>;
}

interface LayersRequest {
  readonly graph: Graph;
  /** The images whose layers are written, each once. */
  readonly images: readonly Image[];
  readonly compression: LayerCompression;
  /** Whether layers that were imported are written as their canonical tars, too. */
  readonly isCanonical: boolean;
  /** A directory for layers that were compressed ahead of their turn. */
  readonly staging: string;
  readonly threads: Threads;
  /** Called with the bytes of tars that were read so far. */
  readonly onProgress: (tarBytes: number) => void;
}

/**
 * Yields the layers in the order of the images.
 * @throws as `writeLayerBlob`, here and from `addTo`; `CHECKSUM_MISMATCH` for a layer that differs from its stored
 * checksum
 */
export async function* readyLayers(
  request: LayersRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadyLayer, void, undefined> {
  const { graph, images, compression, isCanonical, staging, threads } = request;
  const onProgress = sumOfEach(request.onProgress);
  const writeBlob = async (
    image: Image,
    body: Parameters<typeof writeLayerBlob>[1],
    compressor: Compressor,
    either: AbortSignal,
  ) => {
    const { id, layerDirectory } = image;
    const original = isCanonical ? undefined : (await outgoingLayer(graph, image)).original;
    const request = {
      layerDirectory,
      original,
      compress:
        compression === "none"
          ? undefined
          : (tar: AsyncIterable<Buffer>) => compress(tar, compression, compressor, either),
      onProgress: (tarBytes: number) => onProgress(id, tarBytes),
    };
    const blob = await writeLayerBlob(request, body, either);
    if (original === undefined) await assertUnchanged(graph, id, blob);
    return blob;
  };
  if (compression === "none") {
    for (const image of images) yield { image, addTo: addDirectly(image) };
    return;
  }
  const stage = async (image: Image, either: AbortSignal): Promise<ReadyLayer> => {
    const { layerBytes } = await graph.layerFacts(image.id, either);
    using share = compression === "xz" ? undefined : await threads.take(layerBytes, either);
    const compressor = { threads: share?.count ?? 1, blocks: threads.blocks(layerBytes) };
    const path = join(staging, image.id);
    await using file = await createFile(path);
    const body = { write: file.write, rewind: () => file.backTo(0) };
    const blob = await writeBlob(image, body, compressor, either);
    await file.flush();
    return { image, addTo: addStaged(path, blob) };
  };
  yield* mapConcurrent(images, threads.threads, stage, signal);

  function addDirectly(image: Image): ReadyLayer["addTo"] {
    return async (archive, pathOf) => {
      let blob: LayerBlob | undefined;
      await archive.addWritten(async (body) => {
        blob = await writeBlob(image, body, { threads: 1, blocks: threads.blocks(0) }, signal);
        return pathOf(blob);
      });
      return blob as LayerBlob;
    };
  }
}

/** Moves a layer from staging into the archive. */
function addStaged(path: string, blob: LayerBlob): ReadyLayer["addTo"] {
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

/** @throws `CHECKSUM_MISMATCH` for a canonical tar that is not the one that a stored checksum is of */
export async function assertUnchanged(graph: Graph, id: string, { diffId }: LayerBlob): Promise<void> {
  const stored = Object.values(await graph.storedChecksums(id)).flatMap(({ tarDigest }) => tarDigest ?? []);
  const other = stored.find((tarDigest) => tarDigest !== diffId);
  if (other === undefined) return;
  throw new StevedoreError(
    "CHECKSUM_MISMATCH",
    `the layer of image ${id} has the tar digest ${diffId}, but ${other} is stored`,
  );
}
