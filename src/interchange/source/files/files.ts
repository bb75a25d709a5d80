// Finds and reads the files of a source by name, in an archive and in a directory alike.
import type { Readable } from "node:stream";
import { quoteName, splitName, unsafe } from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";

/** A file of a source. It is not read before it is opened. */
export interface SourceFile {
  /** The name by which it was asked for; used in messages. */
  readonly name: string;
  /** Its size in bytes. */
  readonly size: number;
  /**
   * Opens a stream of exactly `size` bytes; it fails with `BAD_ARCHIVE` if the file has become shorter. Read it to the
   * end or destroy it.
   */
  open(): Promise<Readable>;
}

/** A source that is open. */
export interface SourceFiles extends AsyncDisposable {
  /**
   * Finds a file, and follows links on the way; undefined if there is none.
   * @throws `UNSAFE_ENTRY` if the name or a link leads out of the source; `BAD_ARCHIVE` if the name is not that of a
   * regular file, or if there are too many links
   */
  find(name: string): Promise<SourceFile | undefined>;
  /**
   * Returns the names of the directories at the top of the source.
   * @throws `LIMIT_EXCEEDED`
   */
  directories(): Promise<readonly string[]>;
  /**
   * Whether this is an archive that ends behind the content of an entry, without the blocks that mark an end: there may
   * have been more.
   */
  readonly lacksEnd: boolean;
}

/** What is at a path whose directories are not links. */
export type Node =
  | { readonly kind: "file" | "other" }
  | { readonly kind: "symlink"; readonly target: string };

/** How many links are followed in one look-up: as many as in Linux (path_resolution(7)). */
const mostLinks = 40;

/**
 * Resolves a path of the source as the kernel would if the source were the root directory. A path that leads out of the
 * source is refused.
 * @param path a latin1 string
 * @param lookUp returns what is at a path, without following a link there; undefined if nothing is
 * @returns the path without links, and what is there
 * @throws `UNSAFE_ENTRY`, `BAD_ARCHIVE`
 */
export async function followLinks<Found extends Node>(
  path: string,
  lookUp: (path: string) => Found | undefined | Promise<Found | undefined>,
): Promise<{ readonly path: string; readonly node: Found | undefined }> {
  const leaves = () => unsafe(`${quoteName(path)} leads out of the source`);
  const parts = (steps: string) => {
    if (steps.includes("\0")) throw unsafe(`${quoteName(path)} holds a NUL`);
    if (steps.startsWith("/")) throw leaves();
    return splitName(steps).reverse();
  };
  // A stack: the next part of the path is the last element.
  const rest = parts(path);
  const at: string[] = [];
  let node: Found | undefined;
  let links = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === "..") {
      if (at.pop() === undefined) throw leaves();
      node = undefined;
      continue;
    }
    node = await lookUp([...at, part].join("/"));
    if (node?.kind === "symlink") {
      links++;
      if (links > mostLinks) throw bad(`${quoteName(path)} leads through more than ${mostLinks} links`);
      rest.push(...parts(node.target));
      node = undefined;
    } else {
      at.push(part);
    }
  }
  return { path: at.join("/"), node };
}

/** Converts a name from a document to a path, which is a latin1 string with the bytes of the name. */
export function asPath(name: string): string {
  return Buffer.from(name).toString("latin1");
}

/** Makes the error for a name that is not that of a regular file. */
export function notAFile(name: string): StevedoreError {
  return bad(`${quoteName(asPath(name))} is not a file`);
}

/** To be called where no digest tells whether a source is whole. @throws `BAD_ARCHIVE` if it lacks its end */
export function assertEnd({ lacksEnd }: SourceFiles): void {
  if (!lacksEnd) return;
  throw bad(
    "the archive is cut short: it has no end-of-archive block, and no digest proves that it is whole",
  );
}

/** Finds a file that must exist. @throws `BAD_ARCHIVE` naming it if it is missing; as `find` */
export async function findNeeded(files: SourceFiles, name: string): Promise<SourceFile> {
  const file = await files.find(name);
  if (file === undefined) throw bad(`${quoteName(asPath(name))} is missing`);
  return file;
}

function bad(message: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", message);
}
