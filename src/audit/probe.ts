// Reads the disk as the checks need it: names of any bytes, no link followed, and nothing thrown for what is missing.
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { ioError, readPlainFile } from "../disk/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";

/** What lies at a path; undefined for nothing. */
export function lookAt(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw ioError(error, `${path} cannot be looked at`);
  }
}

export function isThere(path: string | Buffer): boolean {
  return lookAt(path) !== undefined;
}

export function isDirectory(path: string | Buffer): boolean {
  return lookAt(path)?.isDirectory() ?? false;
}

/**
 * The names in a directory, sorted, in latin1; none for one that is not there.
 * @throws `INTERNAL` for a link, which may lead out of the root, and for what is not a directory
 */
export function namesIn(path: string): string[] {
  assertNoLink(path);
  try {
    return readdirSync(path, "latin1").sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, `${path} cannot be read`);
  }
}

/** @throws `INTERNAL` for a link */
export function assertNoLink(path: string): void {
  if (!lookAt(path)?.isSymbolicLink()) return;
  throw new StevedoreError("INTERNAL", `${path} is a link: what it leads to is not looked at`);
}

/** As `readPlainFile`; undefined as well where nothing lies. */
export function readIfPlain(path: string): Buffer | undefined {
  try {
    return readPlainFile(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  }
}

/** True for what was there a minute ago already. Who makes such things is done with them within milliseconds. */
export function isOld(path: string): boolean {
  const found = lookAt(path);
  return found !== undefined && Date.now() - found.mtimeMs > 60_000;
}
