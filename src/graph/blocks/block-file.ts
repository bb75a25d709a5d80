// The file of a block: a sha256 of its name and of the block, then the block. Nothing is fsynced: what a power cut damages
// is found by that, and made again.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { isErrno } from "../../terms/index.js";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Bytes of the sha256. */
const sealSize = 32;

/** Bytes of the file of a block. */
export function blockFileSize(block: Buffer): number {
  return sealSize + block.length;
}

/**
 * Reads a block, and marks its file as used now.
 * @param longest bytes that a block has at most
 * @returns undefined if there is none; "damaged" for whatever else lies there, and for the block of another name
 */
export async function readBlockFile(path: string, longest: number): Promise<Buffer | "damaged" | undefined> {
  let file: FileHandle | undefined;
  try {
    // Without NONBLOCK a fifo would be waited for.
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile() || stats.size <= sealSize || stats.size > sealSize + longest) return "damaged";
    const content = await file.readFile();
    const block = content.subarray(sealSize);
    if (!sealOf(path, block).equals(content.subarray(0, sealSize))) return "damaged";
    const now = new Date();
    await file.utimes(now, now).catch(() => undefined);
    return block;
  } catch (error) {
    return isErrno(error, "ENOENT", "ENOTDIR") ? undefined : "damaged";
  } finally {
    await file?.close().catch(() => undefined);
  }
}

/**
 * Writes a block, mode 0600, at once whole.
 * @param temporary a path beside it that nothing has
 * @throws the errors of the file system; then nothing is left
 */
export async function writeBlockFile(path: string, temporary: string, block: Buffer): Promise<void> {
  try {
    const content = Buffer.concat([sealOf(path, block), block]);
    await writeFile(temporary, content, { flag: "wx", mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** With the name, so that the block of one input is not taken for that of another. */
function sealOf(path: string, block: Buffer): Buffer {
  return createHash("sha256")
    .update(`${basename(path)}\n`)
    .update(block)
    .digest();
}
