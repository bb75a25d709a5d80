// How much space a file system has.
import { statfs } from "node:fs/promises";

/** The file system that a directory is on, in bytes: what is left to users, and all; null if it cannot be asked. */
export async function diskOf(directory: string): Promise<{ bytesFree: number; bytesTotal: number } | null> {
  try {
    const { bsize, bavail, blocks } = await statfs(directory);
    return { bytesFree: bavail * bsize, bytesTotal: blocks * bsize };
  } catch {
    return null;
  }
}
