// Reads a part of an open file. Not by streams of the handle: each adds a listener to it that stays.
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { ioError } from "../../../disk/index.js";
import { StevedoreError } from "../../../terms/index.js";

/** Bytes that are read at a time. */
const step = 1024 * 1024;

/**
 * The bytes of a file from `start` on, `size` of them, as a stream. Any number of them may read one file.
 * @param close runs when the stream has ended or was destroyed
 */
export function readRange(
  file: FileHandle,
  { start, size, name }: { readonly start: number; readonly size: number; readonly name: string },
  close?: () => Promise<void>,
): Readable {
  async function* chunks() {
    try {
      for (let done = 0; done < size; ) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(step, size - done));
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
  return Readable.from(chunks(), { objectMode: false, highWaterMark: step });
}
