// Reads the small files of a graph, which may hold anything in their place: a link to elsewhere, a fifo, a device.
import * as fs from "node:fs";
import { isErrno } from "../terms/index.js";
import { type FileStamp, stampOf } from "./file-stamp.js";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** No record and no file of checksums comes near it, in bytes. */
export const longestPlainFile = 64 * 1024 * 1024;

/**
 * The content of a regular file of at most 64 MiB; undefined for anything else that lies there. A link is not followed.
 * Synchronously: for files this small the trips through the thread pool cost several times the reading.
 * @throws the file system's errors, `ENOENT` and `ENOTDIR` among them
 */
export function readPlainFile(path: string): Buffer | undefined {
  return readPlainFileWithStamp(path)?.bytes;
}

/** As `readPlainFile`, with the stamp of what was read, as `readStamp` gives it of a path that is no link. */
export function readPlainFileWithStamp(
  path: string,
): { readonly bytes: Buffer; readonly stamp: FileStamp } | undefined {
  const now = Date.now();
  let file: number;
  try {
    // Without NONBLOCK a fifo would be waited for.
    file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, "ELOOP", "ENXIO", "ENODEV")) return undefined;
    throw error;
  }
  try {
    const stats = fs.fstatSync(file, { bigint: true });
    if (!stats.isFile() || stats.size > longestPlainFile) return undefined;
    return { bytes: readWhole(file, Number(stats.size)), stamp: stampOf(stats, now) };
  } finally {
    fs.closeSync(file);
  }
}

/** One read serves for a file whose size is known; `readFileSync` would ask for the size once more. */
function readWhole(file: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  const read = size === 0 ? 0 : fs.readSync(file, bytes, 0, size, 0);
  return read === size && size > 0 ? bytes : fs.readFileSync(file);
}
