// The directories and symlinks of a layer as its archive builds it, and the way through them: each symlink leads where
// it would if the layer were the whole file system.

import { splitName, unsafe } from "./entry-name.js";
import { quoteName } from "./header.js";
import type { HeldLink } from "./held-entries.js";

export interface Directory {
  readonly kind: "directory";
  /** Its directories and symlinks; most directories have none, and there may be very many. */
  children: Map<string, Directory | Symlink> | undefined;
  /** Whether an entry named it; false where only entries below it were seen. */
  named: boolean;
  /** Whether tar has been given anything in it or below it: then it is on the disk. */
  written: boolean;
  /** Whiteouts in it that tar gets only at the end: each by its name, with the bytes of its entry. */
  whiteouts: Map<string, Buffer> | undefined;
}

export interface Symlink {
  readonly kind: "symlink";
  readonly target: string;
  /** Set for one that tar gets only at the end. */
  readonly held: HeldLink | undefined;
  /** Whether a hard link to it was seen. */
  hasHardLinks: boolean;
}

/** A directory that was walked to, there or not. */
export interface Place {
  /** Its path from the root, without symlinks. */
  readonly names: readonly string[];
  /** The directories on the way, the root first, itself last. From the first that is not there on there are none. */
  readonly trail: readonly Directory[];
}

/** Linux follows 40 symlinks in one path and then says ELOOP. */
export const mostSymlinks = 40;

/**
 * Walks from the root along `parts`, and along the symlinks on the way.
 * @param name the name of the entry, for messages
 * @throws `UNSAFE_ENTRY` where a symlink leads above the root, or where there are too many
 */
export function walkTo(root: Directory, parts: readonly string[], name: string): Place {
  const names: string[] = [];
  const trail = [root];
  let followed = 0;
  const todo = [...parts].reverse();
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === "..") {
      // Only the target of a symlink holds it.
      if (names.pop() === undefined) throw unsafe(`${quoteName(name)} leads out of the layer by a symlink`);
      if (trail.length > names.length + 1) trail.pop();
      continue;
    }
    const child = trail.length > names.length ? trail.at(-1)?.children?.get(part) : undefined;
    if (child?.kind === "symlink") {
      if (++followed > mostSymlinks) {
        throw unsafe(`${quoteName(name)} leads through more than ${mostSymlinks} symlinks`);
      }
      if (child.target.startsWith("/")) {
        names.length = 0;
        trail.length = 1;
      }
      todo.push(...splitName(child.target).reverse());
    } else {
      if (child !== undefined) trail.push(child);
      names.push(part);
    }
  }
  return { names, trail };
}

/** The directory of a place; undefined if it is not there. */
export function directoryAt({ names, trail }: Place): Directory | undefined {
  return trail[names.length];
}

export function newDirectory(named: boolean): Directory {
  return { kind: "directory", children: undefined, named, written: false, whiteouts: undefined };
}

export function addChild(parent: Directory, name: string, child: Directory | Symlink): void {
  parent.children ??= new Map();
  parent.children.set(name, child);
}

/** Yields a directory and all below it, with their paths. Not recursive: the archive decides how deep the tree is. */
export function* eachDirectory(top: Directory, topPath = ""): Generator<readonly [Directory, path: string]> {
  const todo: [Directory, path: string][] = [[top, topPath]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    yield next;
    const [directory, path] = next;
    for (const [name, child] of directory.children ?? []) {
      if (child.kind === "directory") todo.push([child, path === "" ? name : `${path}/${name}`]);
    }
  }
}
