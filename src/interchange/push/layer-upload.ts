// The bytes of a layer on their way to a registry: its tar as it is, straight from the layer, or compressed into staging
// first, for the digest must be known before the first byte is asked for.
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Graph, KnownBlob } from "../../graph/index.js";
import { assembleArchive } from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";
import {
  assertUnchanged,
  compress,
  createFile,
  type LayerBlob,
  type OutgoingLayer,
  type Threads,
  writeLayerBlob,
} from "../target/index.js";

/** How many bytes of a staged layer are read at a time. */
const readBytes = 256 * 1024;

/** A layer that was compressed. */
export interface StagedLayer extends AsyncDisposable {
  readonly blob: KnownBlob;
  /** Opens its bytes from an offset on. */
  open(start: number): Promise<Readable>;
}

/** How a layer is compressed. */
export interface StageRequest {
  readonly compression: "gzip" | "zstd";
  readonly threads: Threads;
  /** Where nothing is yet. What is written there goes when the layer is disposed of. */
  readonly path: string;
  /** Called with the bytes of the tar that were read so far. */
  readonly onProgress: (tarBytes: number) => void;
}

/**
 * Compresses a layer, and remembers its digest beside it.
 * @throws as `writeLayerBlob`; `CHECKSUM_MISMATCH` for a layer that differs from its stored checksum
 */
export async function stageLayer(
  graph: Graph,
  { image, original }: OutgoingLayer,
  request: StageRequest,
  signal: AbortSignal,
): Promise<StagedLayer> {
  const { compression, path } = request;
  const { id } = image;
  const written = await writeStaged(graph, { image, original }, request, signal);
  if (original === undefined) await assertUnchanged(graph, id, written);
  const { diffId, digest, size } = written;
  const blob: KnownBlob = { diffId, digest, size, compression, isMade: true };
  await graph.storeKnownBlob(id, blob, signal);
  return {
    blob,
    open: async (start) => createReadStream(path, { start, highWaterMark: readBytes }),
    [Symbol.asyncDispose]: () => rm(path, { force: true }),
  };
}

/** Writes the file. The threads are free again when that is done, whatever the disk is still waited for. */
async function writeStaged(
  graph: Graph,
  { image: { id, layerDirectory }, original }: Pick<OutgoingLayer, "image" | "original">,
  { compression, threads, path, onProgress }: StageRequest,
  signal: AbortSignal,
): Promise<LayerBlob> {
  const { layerBytes } = await graph.layerFacts(id, signal);
  using share = await threads.take(layerBytes, signal);
  const compressor = { threads: share.count, blocks: threads.blocks(layerBytes) };
  const compressTar = (tar: AsyncIterable<Buffer>) => compress(tar, compression, compressor, signal);
  const layer = { layerDirectory, original, compress: compressTar, onProgress };
  await using file = await createFile(path);
  const written = await writeLayerBlob(layer, { write: file.write, rewind: () => file.backTo(0) }, signal);
  await file.flush();
  return written;
}

/**
 * Opens the tar that a layer came as, from an offset on. What lies before that is made, too, and dropped.
 * @throws as `assembleArchive`, and the stream does
 */
export async function openTar(
  { image: { layerDirectory }, original }: OutgoingLayer,
  start: number,
  signal: AbortSignal,
): Promise<Readable> {
  if (original === undefined) {
    throw new StevedoreError("IMAGE_BROKEN", `the tar of ${layerDirectory} cannot be made again`);
  }
  async function* from(splitPath: string) {
    let left = start;
    for await (const chunk of assembleArchive({ layerDirectory, splitPath }, signal)) {
      if (left < chunk.length) yield chunk.subarray(left);
      left = Math.max(0, left - chunk.length);
    }
  }
  return Readable.from(from(original.splitPath), { objectMode: false });
}
