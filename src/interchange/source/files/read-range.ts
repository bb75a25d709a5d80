// Reads a part of an open file. Streams of the handle itself are not used, because each leaves a listener on it.
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { ioError } from "../../../disk/index.js";
import { StevedoreError } from "../../../terms/index.js";

/** How many bytes are read at a time. */
const chunkBytes = 1024 * 1024;

/**
 * Streams `size` bytes of a file, beginning at `start`. Several streams may read one file at the same time.
 * @param close is called when the stream has ended or was destroyed
 */
export function readRange(
  file: FileHandle,
  { start, size, name }: { readonly start: number; readonly size: number; readonly name: string },
  close?: () => Promise<void>,
): Readable {
  async function* chunks() {
    try {
      for (let done = 0; done < size; ) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, size - done));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, start + done);
        if (bytesRead === 0) {
          throw new StevedoreError("BAD_ARCHIVE", `${name} became shorter while it was read`);
        }
        yield buffer.subarray(0, bytesRead);
        done += bytesRead;
      }
    } catch (error) {
      throw ioError(error, `${name} cannot be read`);
    } finally {
      await close?.();
    }
  }
  return Readable.from(chunks(), { objectMode: false, highWaterMark: chunkBytes });
}
