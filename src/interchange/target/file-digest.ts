// The sha256 of a whole file.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Digest } from "../../layer/index.js";
import { throwIfAborted } from "../../terms/index.js";

/** Bytes that are read at a time. */
const chunkBytes = 1024 ** 2;

/** Reads a file from its beginning to its end. @throws `CANCELLED`, the file system's errors */
export async function digestFile(file: FileHandle, signal?: AbortSignal | undefined): Promise<Digest> {
  const hash = createHash("sha256");
  const all = file.createReadStream({ start: 0, autoClose: false, highWaterMark: chunkBytes });
  for await (const chunk of all) {
    throwIfAborted(signal);
    hash.update(chunk as Buffer);
  }
  return `sha256:${hash.digest("hex")}`;
}
