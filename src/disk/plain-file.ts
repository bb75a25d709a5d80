// Reads the small files of a graph, which may hold anything in their place: a link to elsewhere, a fifo, a device.
import * as fs from "node:fs";
import { isErrno } from "../terms/index.js";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** No record and no file of checksums comes near it, in bytes. */
export const longestPlainFile = 64 * 1024 * 1024;

/**
 * The content of a regular file of at most 64 MiB; undefined for anything else that lies there. A link is not followed.
 * Synchronously: for files this small the trips through the thread pool cost several times the reading.
 * @throws the file system's errors, `ENOENT` and `ENOTDIR` among them
 */
export function readPlainFile(path: string): Buffer | undefined {
  let file: number;
  try {
    // Without NONBLOCK a fifo would be waited for.
    file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, "ELOOP", "ENXIO", "ENODEV")) return undefined;
    throw error;
  }
  try {
    const stats = fs.fstatSync(file);
    return stats.isFile() && stats.size <= longestPlainFile ? fs.readFileSync(file) : undefined;
  } finally {
    fs.closeSync(file);
  }
}
