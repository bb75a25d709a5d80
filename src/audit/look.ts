// Looks at the disk as the checks need it: names of any bytes, links not followed, what is missing is no error.
import { lstatSync, readdirSync, readFileSync, type Stats } from "node:fs";
import { isErrno } from "../error.js";
import { ioError } from "../graph/io-error.js";

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

/** The names in a directory, sorted, in latin1; none for one that is not there. */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path, "latin1").sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, `${path} cannot be read`);
  }
}

/** The content of a regular file; undefined for anything else that lies there, and where nothing does. */
export function readPlainFile(path: string): string | undefined {
  if (!lookAt(path)?.isFile()) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  }
}

/** True for what was there a minute ago already: whoever makes such things is done with them within milliseconds. */
export function isOld(path: string): boolean {
  const found = lookAt(path);
  return found !== undefined && Date.now() - found.mtimeMs > 60_000;
}
