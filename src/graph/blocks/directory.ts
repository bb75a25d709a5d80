// `<root>/blocks/`, made by the first that has something to put there.
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { ioError, rootPath } from "../../disk/index.js";
import { isErrno } from "../../terms/index.js";

/**
 * Makes the directory if it is missing. Not the root above it, which may have been removed.
 * @returns false where something else is in its place: a link might lead out of the root
 * @throws the errors of the file system
 */
export function makeBlocksDirectory(root: string): boolean {
  const directory = rootPath(root, "blocks");
  const there = lstatSync(directory, { throwIfNoEntry: false });
  if (there !== undefined) return there.isDirectory();
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
  return true;
}

/**
 * The names in it, in latin1; none where it is missing, or something else is in its place.
 * @throws `NEEDS_ROOT`, `INTERNAL` if it cannot be read
 */
export async function blockFileNames(root: string): Promise<string[]> {
  const directory = rootPath(root, "blocks");
  if (!lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return [];
  try {
    return await readdir(directory, "latin1");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw ioError(error, `${directory} cannot be read`);
  }
}

/** Removes a file if it can be removed. */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A directory, or a disk that cannot be written.
  }
}
