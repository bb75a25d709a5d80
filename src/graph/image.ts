// An image as it lies in the graph, and every reason not to load one.
import * as fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { isErrno, StevedoreError } from "../error.js";
import { assertId, quote } from "./id.js";
import { ioError } from "./io-error.js";
import { type ImageRecord, parentOf, parseRecord } from "./record.js";

// Three times as fast as those of node:fs/promises, which counts when it is done for 100,000 images.
const open = promisify(fs.open);
const readFile = promisify(fs.readFile);
const close = promisify(fs.close);
const lstat = promisify(fs.lstat);
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** An image: its record and where its layer lies. */
export interface Image {
  readonly id: string;
  /** The id of its parent; null for a root of the forest. */
  readonly parent: string | null;
  readonly record: ImageRecord;
  /** The file `json` byte for byte: this is what a checksum hashes. */
  readonly recordBytes: Buffer;
  readonly directory: string;
  readonly layerDirectory: string;
}

/** Where the parts of an image lie. */
export function imagePaths(graphDirectory: string, id: string) {
  const directory = join(graphDirectory, id);
  return { directory, record: join(directory, "json"), layer: join(directory, "layer") };
}

/** True if the graph has an entry of that name, be it whole or broken. */
export async function imageExists(graphDirectory: string, id: string): Promise<boolean> {
  try {
    // Synchronously: one system call is cheaper than its trip through the thread pool.
    fs.lstatSync(join(graphDirectory, id));
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw ioError(error, `the image ${id} cannot be looked up`);
  }
}

/**
 * Loads an image by its full id.
 * @throws `INVALID_ID`; `IMAGE_NOT_FOUND`; `IMAGE_BROKEN` for an image that is not whole, saying what is wrong
 */
export async function loadImage(graphDirectory: string, id: string): Promise<Image> {
  const { record, recordBytes } = await loadRecord(graphDirectory, id);
  const { directory, layer } = imagePaths(graphDirectory, id);
  const kind = await kindOf(layer, id);
  if (kind === "absent") throw broken(id, "it has no layer");
  if (kind !== "directory") throw broken(id, "its layer is not a directory");
  return { id, parent: parentOf(record), record, recordBytes, directory, layerDirectory: layer };
}

/** Loads an image's record alone, whatever there is of its layer. Throws as `loadImage`. */
export async function loadRecord(
  graphDirectory: string,
  id: string,
): Promise<{ record: ImageRecord; recordBytes: Buffer }> {
  assertId(id);
  const paths = imagePaths(graphDirectory, id);
  const recordBytes = await readRecord(paths, id);
  let record: ImageRecord;
  try {
    record = parseRecord(recordBytes);
  } catch (error) {
    throw error instanceof StevedoreError ? broken(id, error.message, error) : error;
  }
  if (record.id !== id) throw broken(id, `its record is of the id ${quote(record.id)}`);
  return { record, recordBytes };
}

/** The error for an id that the graph does not have. */
export function imageNotFound(id: string): StevedoreError {
  return new StevedoreError("IMAGE_NOT_FOUND", `there is no image ${quote(id)}`);
}

async function readRecord(paths: ReturnType<typeof imagePaths>, id: string): Promise<Buffer> {
  try {
    const bytes = await readPlainFile(paths.record);
    // A fifo or a directory reads as nothing.
    if (bytes.length > 0 || (await lstat(paths.record)).isFile()) return bytes;
    throw broken(id, "its json is not a file");
  } catch (error) {
    if (isErrno(error, "EISDIR", "ELOOP", "ENXIO", "EAGAIN")) throw broken(id, "its json is not a file");
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw ioError(error, `the json of image ${id} cannot be read`);
  }
  const directory = await kindOf(paths.directory, id);
  if (directory === "absent") throw imageNotFound(id);
  throw broken(id, directory === "directory" ? "it has no json" : "it is not a directory");
}

async function readPlainFile(path: string): Promise<Buffer> {
  // Without NONBLOCK a fifo would be waited for.
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    return await readFile(file);
  } finally {
    await close(file);
  }
}

/** What lies at a path of an image. Links are not followed: an image is whole in its own directory. */
async function kindOf(path: string, id: string): Promise<"absent" | "directory" | "other"> {
  try {
    return (await lstat(path)).isDirectory() ? "directory" : "other";
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return "absent";
    throw ioError(error, `the image ${id} cannot be read`);
  }
}

function broken(id: string, why: string, cause?: unknown): StevedoreError {
  return new StevedoreError("IMAGE_BROKEN", `the image ${id} is broken: ${why}`, { cause });
}
