// Writes the archive of a layer again, byte for byte, from the layer and its tar-split.
import { closeSync, readSync } from "node:fs";
import { type Crc64, createCrc64 } from "./crc64.js";
import { changed, openLayerFiles } from "./layer-files.js";
import { readSplit } from "./read-split.js";
import type { SplitPart } from "./split-line.js";

/** A layer, and the path of its tar-split, which ours or another program has written. */
export interface SplitLayer {
  readonly layerDirectory: string;
  readonly splitPath: string;
}

/**
 * The bytes of each chunk but the last. Files are read right into chunks: with a buffer for each file besides, collecting
 * the garbage took as long as a fifth of a push.
 */
const chunkBytes = 1024 * 1024;

/**
 * Yields the archive that a layer came as, decompressed. Memory is flat. Each file's size and checksum are compared; a
 * tar-split that is well made and tells of another archive is found only by the digest of the whole.
 * @throws `CHECKSUM_MISMATCH` naming the file that the layer no longer has as it was; `IMAGE_BROKEN` for a tar-split that
 * is damaged, or leads out of the layer; `INTERNAL`, `CANCELLED`
 */
export async function* assembleArchive(
  { layerDirectory, splitPath }: SplitLayer,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const crc = createCrc64();
  using files = openLayerFiles(layerDirectory);
  const chunks = createChunks();
  for await (const part of readSplit(splitPath, signal)) {
    if (part.kind === "segment") yield* putBytes(part.bytes, chunks);
    else yield* putFile(part, files.open, crc, chunks);
  }
  yield* chunks.rest();
}

/** Bytes on their way into chunks. */
interface Chunks {
  /** Where the next bytes go; never empty. */
  room(): Buffer;
  /** Counts bytes that were put there. @returns the chunk that is full now, if one is */
  put(bytes: number): Buffer[];
  /** The last chunk, if anything is in it. */
  rest(): Buffer[];
}

function createChunks(): Chunks {
  let chunk: Buffer | undefined;
  let filled = 0;
  const rest = () => {
    const ended = chunk === undefined ? [] : [chunk.subarray(0, filled)];
    chunk = undefined;
    filled = 0;
    return ended;
  };
  return {
    room() {
      chunk ??= Buffer.allocUnsafeSlow(chunkBytes);
      return chunk.subarray(filled);
    },
    put(bytes) {
      filled += bytes;
      return filled === chunkBytes ? rest() : [];
    },
    rest,
  };
}

function* putBytes(bytes: Buffer, chunks: Chunks): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const copied = bytes.copy(chunks.room(), 0, at);
    at += copied;
    yield* chunks.put(copied);
  }
}

function* putFile(
  { name, size, crc: expected }: Extract<SplitPart, { kind: "file" }>,
  open: (name: string, size: number) => number,
  crc: Crc64,
  chunks: Chunks,
): Generator<Buffer> {
  if (expected === undefined) return;
  const file = open(name, size);
  try {
    crc.begin();
    for (let left = size; left > 0; ) {
      const room = chunks.room().subarray(0, left);
      const piece = room.subarray(0, readSync(file, room));
      if (piece.length === 0) throw changed(name, "has become shorter");
      crc.update(piece);
      left -= piece.length;
      yield* chunks.put(piece.length);
    }
    if (!crc.digest().equals(expected)) throw changed(name, "has another content");
  } finally {
    closeSync(file);
  }
}
