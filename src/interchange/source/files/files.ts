// The files of a source by their names: one way to find and read them, whether they lie in an archive or a directory.
import type { Readable } from "node:stream";
import { quoteName, splitName, unsafe } from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";

/** A file of a source. Nothing of it is read until it is opened. */
export interface SourceFile {
  /** As it was asked for, for messages. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Its bytes, `size` of them, which stop with `BAD_ARCHIVE` if there are fewer by now. To be read to the end or
   * destroyed.
   */
  open(): Promise<Readable>;
}

/** A source that is open. */
export interface SourceFiles extends AsyncDisposable {
  /**
   * The file of that name, or the one that links lead to from there; undefined if there is none.
   * @throws `UNSAFE_ENTRY` if the name or a link leads out of the source; `BAD_ARCHIVE` for what is no file, or links
   * without end
   */
  find(name: string): Promise<SourceFile | undefined>;
  /**
   * The names of the directories at its top.
   * @throws `LIMIT_EXCEEDED`
   */
  directories(): Promise<readonly string[]>;
}

/** What lies at a path that no link is part of. */
export type Node =
  | { readonly kind: "file" | "other" }
  | { readonly kind: "symlink"; readonly target: string };

/** As many as Linux follows in one look-up (path_resolution(7)). */
const mostLinks = 40;

/**
 * Goes a path of the source, a latin1 string, as the kernel would if the source were its root directory, but stops at
 * every way out of it.
 * @param lookUp what lies at a path, without following what is a link itself; undefined where nothing is known of it
 * @returns the path without links, and what lies there
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
  // The next part is the last one.
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

/** A name out of a document as the bytes that a path has, a latin1 string. */
export function asPath(name: string): string {
  return Buffer.from(name).toString("latin1");
}

/** The error for what lies there and is no file. */
export function noFile(name: string): StevedoreError {
  return bad(`${quoteName(asPath(name))} is no file`);
}

/** The file of that name. @throws `BAD_ARCHIVE` naming it if there is none, and as `find` */
export async function findNeeded(files: SourceFiles, name: string): Promise<SourceFile> {
  const file = await files.find(name);
  if (file === undefined) throw bad(`${quoteName(asPath(name))} is missing`);
  return file;
}

function bad(message: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", message);
}
