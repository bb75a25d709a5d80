// Paths as Linux has them, bytes without a coding, held as latin1 strings: one character per byte.

/** A path below a directory. */
export function joinPath(directory: Buffer, path: string): Buffer {
  return path === "" ? directory : Buffer.concat([directory, slash, Buffer.from(path, "latin1")]);
}

/** The same for strings; the root is `""`. */
export function childPath(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/** The directory that a relative path lies in; `""` for the root. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Its last name. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Compares latin1 strings by their bytes. */
export function byteOrder(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A path for people and for JSON: read as UTF-8. */
export function readablePath(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

const slash = Buffer.from("/");
