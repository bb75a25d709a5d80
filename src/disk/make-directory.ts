// A directory with all that it lies in.
import { mkdirSync } from "node:fs";

/**
 * Makes a directory, and those above it that are missing; one that is there stays as it is.
 *
 * Not by Node's promises: on a full disk, or one that cannot be written, their recursive `mkdir` fails with
 * `ENOENT` instead of the kernel's own error.
 * @param mode of those that are made
 * @returns the first that was made; undefined if all were there
 * @throws the kernel's error: `ENOSPC`, `EROFS`, `EACCES` and the like
 */
export function makeDirectory(path: string | Buffer, mode = 0o777): string | undefined {
  return mkdirSync(path, { recursive: true, mode });
}
