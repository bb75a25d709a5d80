// A directory with all that it lies in.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { isErrno } from "../terms/index.js";

/**
 * Makes a directory, and those above it that are missing; one that is there stays as it is.
 *
 * Not by Node's promises: on a full disk, or one that cannot be written, their recursive `mkdir` fails with
 * `ENOENT` instead of the kernel's own error.
 * @param mode of those that are made
 * @returns the first that was made; undefined if all were there
 * @throws the kernel's error: `ENOSPC`, `EROFS`, `EACCES` and the like; that of a full quota too
 */
export function makeDirectory(path: string | Buffer, mode = 0o777): string | undefined {
  try {
    return mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    // What it does not know, such as a full quota, it calls ENOENT too. The kernel says it of the first that is missing.
    const first = firstMissing(path);
    mkdirSync(first, { mode });
    mkdirSync(path, { recursive: true, mode });
    return `${first}`;
  }
}

/** The uppermost part of a path that is not there. */
function firstMissing(path: string | Buffer): string | Buffer {
  const above = Buffer.from(dirname(path.toString("latin1")), "latin1");
  const parent = typeof path === "string" ? dirname(path) : above;
  return existsSync(parent) ? path : firstMissing(parent);
}
