// What a layer has, in memory: a tree of names. Names are latin1 strings, one character per byte.
import { meaningOf } from "../graph/index.js";
import { baseName, parentPath } from "../layer/index.js";

export type FileType = "file" | "directory" | "symlink" | "character" | "block" | "fifo" | "socket";

/** What a name stands for. Hard links are several names of one. */
export interface FileInfo {
  readonly type: FileType;
  /** Permissions in octal, four digits at least. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, in decimal: more than a double holds. */
  readonly mtime: string;
  /** Bytes of a file; 0 for everything else. */
  readonly size: number;
  /** Of a symlink, a latin1 string. */
  readonly target: string | undefined;
  /** `major:minor` of a device. */
  readonly device: string | undefined;
  /** sha256 of the extended attributes, in hex; `""` where there are none, undefined where nobody knows. */
  readonly xattrs: string | undefined;
  /** sha256 of a file's content, in hex; undefined where nobody knows. */
  readonly sha256: string | undefined;
  /** The names that it has in its layer. */
  links: number;
}

export interface LayerDirectory extends FileInfo {
  readonly type: "directory";
  readonly children: Map<string, LayerNode>;
  /** The names that are deleted of the layers below. */
  readonly deletes: Set<string>;
  /** True if nothing is seen of what the layers below have in it. */
  isOpaque: boolean;
}

export type LayerNode = LayerDirectory | (FileInfo & { readonly type: Exclude<FileType, "directory"> });

export interface LayerTree {
  readonly root: LayerDirectory;
  /** The names in it, deletions included. */
  readonly entries: number;
}

/** What is told of an entry before it has its place. */
export type Described = Omit<FileInfo, "links">;

/** Puts a tree together. */
export interface TreeBuilder {
  /**
   * Takes an entry; a directory comes before what lies in it. What AUFS has for itself is passed over.
   * @param path relative to the layer, `""` for its root
   */
  add(path: string, described: Described): void;
  /** Takes a further name of a file that came before under another name. */
  link(path: string, target: string): void;
  finish(): LayerTree;
}

export function buildTree(): TreeBuilder {
  const directories = new Map<string, LayerDirectory>();
  let root = directoryOf(nothing);
  let entries = 0;

  /** Where an entry belongs; undefined for one that means nothing, or only to the layers below. */
  function placeOf(path: string): { readonly directory: LayerDirectory; readonly name: string } | undefined {
    const directory = parentPath(path) === "" ? root : directories.get(parentPath(path));
    if (directory === undefined) return undefined;
    const name = baseName(path);
    const meaning = meaningOf(name);
    if (meaning.kind !== "reserved") entries += 1;
    if (meaning.kind === "whiteout") directory.deletes.add(meaning.name);
    if (meaning.kind === "opaque") directory.isOpaque = true;
    return meaning.kind === "file" ? { directory, name } : undefined;
  }

  return {
    add(path, described) {
      if (path === "") {
        root = Object.assign(root, described, { type: "directory" as const });
        return;
      }
      const place = placeOf(path);
      if (place === undefined) return;
      if (described.type === "directory") {
        const directory = directoryOf(described);
        directories.set(path, directory);
        place.directory.children.set(place.name, directory);
      } else {
        place.directory.children.set(place.name, { ...described, links: 1 } as LayerNode);
      }
    },
    link(path, target) {
      const place = placeOf(path);
      const above = parentPath(target) === "" ? root : directories.get(parentPath(target));
      const file = above?.children.get(baseName(target));
      if (place === undefined || file === undefined || file.type === "directory") return;
      file.links += 1;
      place.directory.children.set(place.name, file);
    },
    finish: () => ({ root, entries }),
  };
}

function directoryOf(described: Described): LayerDirectory {
  return {
    ...described,
    type: "directory",
    links: 1,
    children: new Map(),
    deletes: new Set(),
    isOpaque: false,
  };
}

const nothing: Described = {
  ...{ type: "directory", mode: "0755", uid: 0, gid: 0, mtime: "0", size: 0 },
  ...{ target: undefined, device: undefined, xattrs: undefined, sha256: undefined },
};
