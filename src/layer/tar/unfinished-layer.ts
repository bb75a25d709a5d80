// A layer whose archive was read to its end, before tar has the end of it: what it has at a path, and what can still be
// added to it.
import { meaningOf, opaqueMarker, whiteoutPrefix } from "../../graph/index.js";
import { baseName, childPath, parentPath } from "./byte-path.js";
import { addChild, type Directory, newDirectory, type Symlink } from "./directory-tree.js";
import type { HeldLink } from "./held-entries.js";
import type { LinkBelow, LinksBelow } from "./links-below.js";

/** What an archive made at a path whose directories are none but directories. */
export type OwnThing =
  | { readonly kind: "nothing" | "directory" | "file" }
  | { readonly kind: "symlink"; readonly symlink: Symlink }
  | { readonly kind: "link"; readonly link: LinkBelow };

export interface UnfinishedLayer {
  /** The hard links whose targets it does not have. */
  linksBelow(): readonly LinkBelow[];
  /** What it has at a path. Follows no symlinks. */
  own(path: string): OwnThing;
  /** True if it deletes what the layers below have at a path, or all that they have in the directory of the path. */
  hides(path: string): boolean;
  /** Adds a directory with those on the way to it; `named` if tar is given its attributes. */
  addDirectory(path: string, named: boolean): void;
  /** Has tar make a symlink at the end, under all the names that it is added by. */
  addSymlink(path: string, symlink: Symlink): void;
  /** Counts an entry that is added to the layer, and the bytes of a file. @throws `LIMIT_EXCEEDED` */
  count(bytes: number): void;
}

/** What `UnfinishedLayer` reads and changes. */
export function createUnfinishedLayer(root: Directory, links: LinksBelow): Omit<UnfinishedLayer, "count"> {
  function directoryAt(path: string): Directory | undefined {
    let directory = root;
    for (const name of path === "" ? [] : path.split("/")) {
      const child = directory.children?.get(name);
      if (child?.kind !== "directory") return undefined;
      directory = child;
    }
    return directory;
  }

  function enter(path: string, named: boolean): Directory {
    const there = directoryAt(path);
    if (there !== undefined) return there;
    const made = newDirectory(named);
    addChild(enter(parentPath(path), false), baseName(path), made);
    return made;
  }

  return {
    linksBelow: links.all,
    own(path) {
      const child = directoryAt(parentPath(path))?.children?.get(baseName(path));
      if (child !== undefined) {
        return child.kind === "directory" ? { kind: "directory" } : { kind: "symlink", symlink: child };
      }
      const link = links.at(path);
      if (link !== undefined) return { kind: "link", link };
      return { kind: links.hasFile(path) ? "file" : "nothing" };
    },
    hides(path) {
      const parent = parentPath(path);
      const whiteouts = directoryAt(parent)?.whiteouts;
      return [opaqueMarker, whiteoutPrefix + baseName(path)].some(
        (name) =>
          meaningOf(name).kind !== "reserved" &&
          (whiteouts?.has(name) || links.hasFile(childPath(parent, name))),
      );
    },
    addDirectory: (path, named) => void enter(path, named),
    addSymlink(path, symlink) {
      addChild(enter(parentPath(path), false), baseName(path), symlink);
    },
  };
}

/** A symlink of a layer below, to be added under one name or several. */
export function symlinkOf(target: string, held: HeldLink): Symlink {
  return { kind: "symlink", target, held, hasHardLinks: true };
}
