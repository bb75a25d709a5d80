// An image as it lies in the graph, and every way in which it can be broken.
import * as fs from "node:fs";
import { join } from "node:path";
import { imageEntries, ioError, longestPlainFile, readPlainFile } from "../disk/index.js";
import { assertId, isErrno, quote, StevedoreError } from "../terms/index.js";
import { type ImageRecord, parentOf, parseRecord } from "./record.js";

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

/** A record as it was read, and its bytes. */
interface LoadedRecord {
  readonly record: ImageRecord;
  readonly recordBytes: Buffer;
}

type ImagePaths = ReturnType<typeof imagePaths>;

/** Where the parts of an image lie. */
export function imagePaths(graphDirectory: string, id: string) {
  // Not by `join`, which would take a fifth of the time it takes to load an image.
  const directory = `${graphDirectory}/${id}`;
  return {
    directory,
    record: `${directory}/${imageEntries.record}`,
    layer: `${directory}/${imageEntries.layer}`,
  };
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
 * Loads an image by its full id. Synchronously: the trips through the thread pool cost eight times the reading.
 * Who loads many lets other work have its turn.
 * @throws `INVALID_ID`; `IMAGE_NOT_FOUND`; `IMAGE_BROKEN` for an image that is not whole, saying what is wrong
 */
export function loadImage(graphDirectory: string, id: string): Image {
  return withLayer(graphDirectory, loadRecord(graphDirectory, id));
}

/** The image of a record that was read, and whose layer is there. Throws `IMAGE_BROKEN`. */
export function imageOf(graphDirectory: string, recordBytes: Buffer, id: string): Image {
  const { record } = readable(recordBytes, id);
  const { directory, layer } = imagePaths(graphDirectory, id);
  return { id, parent: parentOf(record), record, recordBytes, directory, layerDirectory: layer };
}

/** Loads an image's record and does not look at its layer. Throws as `loadImage`. */
export function loadRecord(graphDirectory: string, id: string): LoadedRecord {
  assertId(id);
  const paths = imagePaths(graphDirectory, id);
  let recordBytes: Buffer | undefined;
  try {
    recordBytes = readPlainFile(paths.record);
  } catch (error) {
    throw unreadable(error, paths, id);
  }
  if (recordBytes === undefined) {
    throw broken(id, `its json is not a file, or has more than ${longestPlainFile} bytes`);
  }
  return readable(recordBytes, id);
}

/** The error for an id that the graph does not have. */
export function imageNotFound(id: string): StevedoreError {
  return new StevedoreError("IMAGE_NOT_FOUND", `there is no image ${quote(id)}`);
}

/** The image of a record, with the layer it must have. */
function withLayer(graphDirectory: string, { record, recordBytes }: LoadedRecord): Image {
  const { id } = record;
  const { directory, layer } = imagePaths(graphDirectory, id);
  const kind = kindOf(layer, id);
  if (kind === "absent") throw broken(id, "it has no layer");
  if (kind !== "directory") throw broken(id, "its layer is not a directory");
  return { id, parent: parentOf(record), record, recordBytes, directory, layerDirectory: layer };
}

/** The record in the bytes of an image's json. Throws `IMAGE_BROKEN`. */
export function readable(recordBytes: Buffer, id: string): LoadedRecord {
  let record: ImageRecord;
  try {
    record = parseRecord(recordBytes);
  } catch (error) {
    throw error instanceof StevedoreError ? broken(id, error.message, error) : error;
  }
  if (record.id !== id) throw broken(id, `its record is of the id ${quote(record.id)}`);
  return { record, recordBytes };
}

/** What it means that a json cannot be read. */
function unreadable(error: unknown, paths: ImagePaths, id: string): unknown {
  if (!isErrno(error, "ENOENT", "ENOTDIR")) return ioError(error, `the json of image ${id} cannot be read`);
  const directory = kindOf(paths.directory, id);
  if (directory === "absent") return imageNotFound(id);
  return broken(id, directory === "directory" ? "it has no json" : "it is not a directory");
}

/** What lies at a path of an image. Links are not followed: an image is whole in its own directory. */
function kindOf(path: string, id: string): "absent" | "directory" | "other" {
  try {
    return fs.lstatSync(path).isDirectory() ? "directory" : "other";
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return "absent";
    throw ioError(error, `the image ${id} cannot be read`);
  }
}

function broken(id: string, why: string, cause?: unknown): StevedoreError {
  return new StevedoreError("IMAGE_BROKEN", `the image ${id} is broken: ${why}`, { cause });
}
