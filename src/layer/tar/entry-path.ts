// Finds out where the entries of an archive lie in the layer. It follows the directories and symlinks that the archive
// itself makes, so that no entry is written through a symlink that leads out. It also knows which directories no entry
// named.
//
// GNU tar does some of its work only at the end, and by name: it makes the symlinks that may lead out, and sets the
// modes, times and xattrs of directories. By then the same thing must still lie under each of these names. tar would
// notice another at most by its inode number, and inode numbers are used again. So an entry that would replace one is
// refused.
import { StevedoreError } from "../../terms/index.js";
import {
  beginning,
  checkLength,
  checkName,
  directoryOf,
  mayLeave,
  splitName,
  subject,
  unsafe,
  withoutSlashes,
} from "./entry-name.js";
import { quoteName } from "./header.js";

/** What an entry makes. Names and targets are latin1 strings, one character per byte. */
export type LayerEntry =
  | { readonly kind: "directory" | "file" | "device" | "fifo"; readonly name: string }
  | { readonly kind: "symlink" | "hardlink"; readonly name: string; readonly target: string };

/** The directories and symlinks of a layer as its archive builds it. Files are checked and forgotten. */
export interface LayerPaths {
  /**
   * Checks an entry and takes it in.
   * @throws `UNSAFE_ENTRY` for a name that is absolute, holds `..` or leads through a symlink that may leave the
   * layer; the same for a hard link's target. A symlink's own target may be anything. The same for what would replace
   * a directory, or a symlink that tar still needs, and for a second spelling of a directory's name.
   * `BAD_ARCHIVE` for a hard link into a directory that is not there. `LIMIT_EXCEEDED` for a name or target longer
   * than Linux takes.
   */
  add(entry: LayerEntry): void;
  /** How many directories exist only because an entry lies in them, the root not counted. */
  readonly impliedCount: number;
  /** These directories, as latin1 strings relative to the root; `""` is the root, if no entry named it. */
  impliedDirectories(): string[];
}

/** Linux follows 40 symlinks in one path and then says ELOOP. */
const mostSymlinks = 40;

interface Directory {
  readonly kind: "directory";
  /** Its directories and symlinks; most directories have none, and there may be very many. */
  children: Map<string, Directory | Symlink> | undefined;
  /** Whether an entry named it; false where only entries below it were seen. */
  named: boolean;
  /** The name by which tar will set its mode and times. The root has none until an entry names it. */
  spelling: string | undefined;
  /**
   * Whether tar makes a symlink in it at the very end, which changes its times; and if so, whether tar waits for that
   * before it sets the times.
   */
  deferredSymlinks: "none" | "awaited" | "not awaited";
}

interface Symlink {
  readonly kind: "symlink";
  readonly target: string;
  /** Whether the name of an entry led through it. */
  followed: boolean;
}

/** An empty layer. */
export function createLayerPaths(): LayerPaths {
  const root: Directory = {
    kind: "directory",
    children: undefined,
    named: false,
    spelling: undefined,
    deferredSymlinks: "none",
  };
  let implied = 0;

  /**
   * Returns the directory that `parts` of `path` lead to. If a directory is missing, it is made where `make` is true,
   * as tar makes those on the way to an entry; otherwise the result is undefined. A symlink is followed if its target
   * is relative and without `..`. Others may lead out. GNU tar makes those only at the very end, so nothing could be
   * written through them anyway.
   */
  function walk(parts: readonly string[], path: string, name: string, make: boolean): Directory | undefined {
    let directory = root;
    const todo = [...parts].reverse();
    /** How many of `parts` are still to come, not counting what a symlink put before them. */
    let left = parts.length;
    let followed = 0;
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      left = Math.min(left, todo.length);
      const child = directory.children?.get(part);
      if (child?.kind === "symlink") {
        if (mayLeave(child.target)) throw throughSymlink(name, part, child.target);
        if (++followed > mostSymlinks) {
          throw unsafe(`${quoteName(name)} leads through more than ${mostSymlinks} symlinks`);
        }
        child.followed = true;
        todo.push(...splitName(child.target).reverse());
      } else if (child === undefined) {
        if (!make) return undefined;
        directory = addDirectory(directory, part, false, beginning(path, parts.length - left));
        implied++;
      } else {
        directory = child;
      }
    }
    return directory;
  }

  /** The directory in which an entry lies. */
  function enter(parts: readonly string[], name: string): Directory {
    return walk(parts, name, name, true) as Directory;
  }

  /** The directory or symlink that a hard link's target names; undefined for a file, for files are not remembered. */
  function find(parts: readonly string[], path: string, name: string): Directory | Symlink | undefined {
    const last = parts.at(-1);
    if (last === undefined) return root;
    const directory = walk(parts.slice(0, -1), path, name, false);
    if (directory !== undefined) return directory.children?.get(last);
    throw new StevedoreError("BAD_ARCHIVE", `${subject(path, name)} is in no directory of the archive`);
  }

  function nameDirectory(parent: Directory, part: string, name: string): void {
    const child = parent.children?.get(part);
    if (child?.kind === "directory") {
      setNamed(child, name);
    } else {
      // tar puts a real directory in the place of a symlink, even of one that points to a directory.
      if (child !== undefined) checkReplaced(child, name);
      addDirectory(parent, part, true, withoutSlashes(name));
    }
  }

  function setNamed(directory: Directory, name: string): void {
    const spelling = withoutSlashes(name);
    directory.spelling ??= spelling;
    if (directory.spelling !== spelling) {
      // tar would apply what both entries say, but not in the order of the entries.
      throw unsafe(`${quoteName(name)} is another name of the directory ${quoteName(directory.spelling)}`);
    }
    markNamed(directory);
  }

  function markNamed(directory: Directory): void {
    if (directory.deferredSymlinks === "not awaited") throw untimely(directory.spelling ?? ".");
    if (!directory.named && directory !== root) implied--;
    directory.named = true;
  }

  /** A name such as "link/.": the directory that the link leads to. "." is the root. */
  function nameByDot(parts: readonly string[], name: string): void {
    const before = implied;
    const directory = enter(parts, name);
    // tar has just made the directory on the way, and remembers it by its name without the dot.
    if (implied > before) markNamed(directory);
    else setNamed(directory, name);
  }

  /**
   * tar makes this symlink at the very end, which changes the times of its directory. It sets the times after that
   * only if the symlink's name begins with the directory's name; and it does not do so for hard links to the symlink.
   */
  function noteLastLink(parent: Directory, entry: LayerEntry): void {
    // The root is always set last.
    if (parent === root || parent.deferredSymlinks === "awaited") return;
    const isKnown = entry.kind === "symlink" && directoryOf(entry.name) === parent.spelling;
    parent.deferredSymlinks = isKnown ? "awaited" : "not awaited";
    if (parent.named && !isKnown) throw untimely(entry.name);
  }

  return {
    add(entry) {
      const parts = checkName(entry.name, entry.name);
      const targetParts = entry.kind === "hardlink" ? checkName(entry.target, entry.name) : [];
      if (entry.kind === "symlink") checkLength(entry.target, `the target of ${quoteName(entry.name)}`);
      const endsInDot = /(^|\/)\.\/*$/.test(entry.name);
      if (entry.kind === "directory" && endsInDot) return nameByDot(parts, entry.name);

      const last = parts.at(-1);
      if (last === undefined) throw unsafe(`${quoteName(entry.name)} would replace the layer's root`);
      const parent = enter(parts.slice(0, -1), entry.name);
      if (entry.kind === "directory") return nameDirectory(parent, last, entry.name);

      const target = entry.kind === "hardlink" ? find(targetParts, entry.target, entry.name) : undefined;
      if (target?.kind === "directory") throw unsafe(`${quoteName(entry.name)} is a link to a directory`);
      const there = parent.children?.get(last);
      // A hard link to a symlink is that symlink under another name.
      const symlink = entry.kind === "symlink" ? newSymlink(entry.target) : target;
      if (there !== undefined) {
        if (isSameSymlink(there, symlink)) return;
        checkReplaced(there, entry.name);
        parent.children?.delete(last);
      }
      if (symlink === undefined) return;
      addChild(parent, last, symlink);
      if (mayLeave(symlink.target)) noteLastLink(parent, entry);
    },
    get impliedCount() {
      return implied;
    },
    impliedDirectories: () => listImplied(root),
  };
}

function newSymlink(target: string): Symlink {
  return { kind: "symlink", target, followed: false };
}

function isSameSymlink(there: Directory | Symlink, symlink: Symlink | undefined): boolean {
  return there.kind === "symlink" && there.target === symlink?.target;
}

/** @throws `UNSAFE_ENTRY` if tar still has work to do under the name of what is there. */
function checkReplaced(there: Directory | Symlink, name: string): void {
  if (there.kind === "directory") throw unsafe(`${quoteName(name)} would replace a directory`);
  if (!there.followed && !mayLeave(there.target)) return;
  const reason = there.followed ? "that names of other entries lead through" : "that may leave the layer";
  throw unsafe(`${quoteName(name)} would replace the symlink to ${quoteName(there.target)}, ${reason}`);
}

function untimely(name: string): StevedoreError {
  const reason = "a symlink that may leave the layer, or a hard link to one, is called in another way than";
  return unsafe(`${quoteName(name)}: ${reason} its directory, whose time would be that of the extraction`);
}

function throughSymlink(name: string, link: string, target: string): StevedoreError {
  const reason = 'only symlinks to a relative path without ".." are followed';
  return unsafe(
    `${quoteName(name)} leads through the symlink ${quoteName(link)} to ${quoteName(target)}: ${reason}`,
  );
}

function addDirectory(parent: Directory, part: string, named: boolean, spelling: string): Directory {
  const directory: Directory = {
    kind: "directory",
    children: undefined,
    named,
    spelling,
    deferredSymlinks: "none",
  };
  addChild(parent, part, directory);
  return directory;
}

function addChild(parent: Directory, part: string, child: Directory | Symlink): void {
  parent.children ??= new Map();
  parent.children.set(part, child);
}

/** Not recursive, because the archive decides how deep the tree is. */
function listImplied(root: Directory): string[] {
  const paths: string[] = [];
  const todo: [Directory, path: string][] = [[root, ""]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [directory, path] = next;
    if (!directory.named) paths.push(path);
    for (const [name, child] of directory.children ?? []) {
      if (child.kind === "directory") todo.push([child, path === "" ? name : `${path}/${name}`]);
    }
  }
  return paths;
}
