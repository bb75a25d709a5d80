// The sha256 of an open file.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { throwIfAborted } from "../terms/index.js";

/** How many bytes are read at a time. */
const chunkBytes = 1024 ** 2;

/**
 * Computes the sha256 of all bytes of a file. The handle stays open.
 * @throws `CANCELLED`; the errors of the file system
 */
export async function digestFile(
  file: FileHandle,
  signal?: AbortSignal | undefined,
): Promise<`sha256:${string}`> {
  const hash = createHash("sha256");
  const all = file.createReadStream({ start: 0, autoClose: false, highWaterMark: chunkBytes });
  for await (const chunk of all) {
    throwIfAborted(signal);
    hash.update(chunk as Buffer);
  }
  return `sha256:${hash.digest("hex")}`;
}
