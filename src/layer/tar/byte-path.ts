// Paths as Linux has them: bytes in no particular encoding. They are held as latin1 strings, one character per byte.

/** Joins a directory and a path below it. */
export function joinPath(directory: Buffer, path: string): Buffer {
  return path === "" ? directory : Buffer.concat([directory, slash, Buffer.from(path, "latin1")]);
}

/** Joins a directory and a name in it, as strings; the root is `""`. */
export function childPath(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/** The directory that a relative path lies in; `""` for the root. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last name of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Compares latin1 strings by their bytes. */
export function byteOrder(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A path read as UTF-8, for people and for JSON. */
export function readablePath(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

const slash = Buffer.from("/");
