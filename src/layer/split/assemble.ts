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

/** How many bytes of files are read at a time, and how many are gathered into one chunk. */
const chunkBytes = 256 * 1024;

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
  let gathered: Buffer[] = [];
  let bytes = 0;
  for await (const part of readSplit(splitPath, signal)) {
    const pieces = part.kind === "segment" ? [part.bytes] : readFile(part, files.open, crc);
    for (const piece of pieces) {
      gathered.push(piece);
      bytes += piece.length;
      if (bytes < chunkBytes) continue;
      yield gathered.length === 1 ? piece : Buffer.concat(gathered, bytes);
      gathered = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(gathered, bytes);
}

function* readFile(
  { name, size, crc: expected }: Extract<SplitPart, { kind: "file" }>,
  open: (name: string, size: number) => number,
  crc: Crc64,
): Generator<Buffer> {
  if (expected === undefined) return;
  const file = open(name, size);
  try {
    crc.begin();
    for (let left = size; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(left, chunkBytes));
      const piece = buffer.subarray(0, readSync(file, buffer));
      if (piece.length === 0) throw changed(name, "has become shorter");
      crc.update(piece);
      left -= piece.length;
      yield piece;
    }
    if (!crc.digest().equals(expected)) throw changed(name, "has another content");
  } finally {
    closeSync(file);
  }
}
