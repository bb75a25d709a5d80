// Finds out where the entries of an archive lie in the layer. It follows the directories and symlinks that the archive
// itself makes, so that each entry gets the name of its place: no name that tar is given leads through a symlink. It
// also knows which directories no entry named.
//
// GNU tar sets the modes, times and xattrs of directories at the end, and by name. By then the same thing must still lie
// under each of these names. tar would notice another at most by its inode number, and inode numbers are used again. So
// an entry that would replace a directory that is on the disk is refused.
import { meaningOf } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import {
  addChild,
  type Directory,
  directoryAt,
  eachDirectory,
  newDirectory,
  type Place,
  type Symlink,
  walkTo,
} from "./directory-tree.js";
import { checkLength, checkName, mayLeave, splitName, subject, unsafe } from "./entry-name.js";
import { quoteName } from "./header.js";
import { type HeldLink, heldEntries } from "./held-entries.js";
import { createLinksBelow } from "./links-below.js";
import { createUnfinishedLayer, type UnfinishedLayer } from "./unfinished-layer.js";

/** What an entry makes. Names and targets are latin1 strings, one character per byte. */
export type LayerEntry =
  | { readonly kind: "directory" | "file" | "device" | "fifo"; readonly name: string }
  | { readonly kind: "symlink" | "hardlink"; readonly name: string; readonly target: string };

/** What is kept of an entry that tar gets only at the end. */
export interface EntrySource {
  /** Whether its bytes may be kept, if it is a whiteout. */
  readonly mayHold: boolean;
  holdLink(): HeldLink;
  /** The bytes of the entry under another name. */
  renamed(name: string): Buffer;
}

/** What becomes of an entry. */
export interface Placement {
  /** Its canonical name: the path of its place in the layer, without symlinks. `""` is the root. */
  readonly name: string;
  /** The target of a symlink as it is, that of a hard link by its canonical name; else `""`. */
  readonly target: string;
  /** Whether tar gets it only at the end, from `end`. */
  readonly isHeld: boolean;
  /** An entry that was held, and that tar must have before this one. */
  readonly before: Buffer | undefined;
}

/** The directories and symlinks of a layer as its archive builds it. Files are checked and forgotten. */
export interface LayerPaths {
  /**
   * Checks an entry and takes it in.
   * @throws `UNSAFE_ENTRY` for a name that holds `..` or leads out through a symlink; the same for a hard link's target.
   * A symlink's own target may be anything. The same for what would replace a directory that is on the disk.
   * `BAD_ARCHIVE` for a hard link to itself or into a directory that is not there. `LIMIT_EXCEEDED` for a name or
   * target longer than Linux takes.
   */
  add(entry: LayerEntry, source: EntrySource): Placement;
  /** True for a name that leads through a symlink of the layer, as it is spelled. */
  isBelowSymlink(name: string): boolean;
  /** Yields what tar must have behind the last entry: the held entries, and the end of the archive. */
  end(): Generator<Buffer>;
  /** The layer as it is behind its last entry; undefined without `mayLinkBelow`. */
  readonly unfinished: Omit<UnfinishedLayer, "count"> | undefined;
  /** How many directories exist only because an entry lies in them, the root not counted. */
  readonly impliedCount: number;
  /** These directories, as latin1 strings relative to the root; `""` is the root, if no entry named it. */
  impliedDirectories(): string[];
}

/** How many bytes of whiteouts are kept. Those above it go to tar at once. */
const mostHeldBytes = 16 * 1024 * 1024;

/**
 * An empty layer.
 * @param mayLinkBelow whether a hard link may have its target in a layer below: then it is held, and `unfinished` has it
 */
export function createLayerPaths({ mayLinkBelow = false } = {}): LayerPaths {
  const root = newDirectory(false);
  const below = mayLinkBelow ? createLinksBelow() : undefined;
  let implied = 0;
  let heldBytes = 0;

  /** The directory of a place, made with those on the way to it if it is not there. */
  function enter({ names, trail }: Place): Directory {
    let directory = trail.at(-1) as Directory;
    for (let at = trail.length - 1; at < names.length; at++) {
      const made = newDirectory(false);
      below?.implied(names.slice(0, at + 1).join("/"));
      addChild(directory, names[at] as string, made);
      implied++;
      directory = made;
    }
    return directory;
  }

  /** Remembers that the directories on the way to a place will be on the disk. */
  function markWritten({ names }: Place): void {
    let directory: Directory | undefined = root;
    for (let at = 0; directory !== undefined; at++) {
      directory.written = true;
      const child: Directory | Symlink | undefined = directory.children?.get(names[at] ?? "");
      directory = child?.kind === "directory" ? child : undefined;
    }
  }

  /**
   * What a hard link's target names: its canonical name, what is known to be there (nothing of a file, for files are
   * not remembered), and the whiteout that it is, if that is held.
   */
  function find(path: string, name: string) {
    const parts = checkName(path, name);
    const last = parts.at(-1);
    if (last === undefined) throw unsafe(`${subject(path, name)} is the layer's root`);
    const place = walkTo(root, parts.slice(0, -1), name);
    const directory = directoryAt(place);
    if (directory === undefined && below === undefined) {
      throw new StevedoreError("BAD_ARCHIVE", `${subject(path, name)} is in no directory of the archive`);
    }
    const target = pathIn(place, last);
    const whiteout = directory?.whiteouts?.get(last);
    if (whiteout !== undefined) {
      directory?.whiteouts?.delete(last);
      markWritten(place);
      below?.addFile(target);
    }
    return { name: target, there: directory?.children?.get(last), whiteout };
  }

  function nameDirectory(parent: Directory, name: string): void {
    const child = parent.children?.get(name);
    if (child?.kind === "directory") {
      if (!child.named) implied--;
      child.named = true;
    } else {
      // tar puts a real directory in the place of a symlink, even of one that points to a directory.
      addChild(parent, name, newDirectory(true));
    }
  }

  /** @throws `UNSAFE_ENTRY` for a directory that is on the disk */
  function remove(parent: Directory, last: string, name: string): void {
    const there = parent.children?.get(last);
    if (there?.kind === "directory") {
      if (there.named || there.written) throw unsafe(`${quoteName(name)} would replace a directory`);
      // There were but whiteouts in it, which delete nothing that this entry does not delete.
      for (const _ of eachDirectory(there)) implied--;
    }
    parent.children?.delete(last);
  }

  /** Keeps a whiteout of a directory that tar knows nothing of yet: the directory may become something else. */
  function holdWhiteout(parent: Directory, last: string, name: string, source: EntrySource): boolean {
    const mayHold = source.mayHold && parent !== root && !parent.named && !parent.written;
    if (!mayHold || meaningOf(last).kind === "file" || parent.children?.has(last)) return false;
    const bytes = source.renamed(name);
    heldBytes += bytes.length;
    if (heldBytes > mostHeldBytes) return false;
    parent.whiteouts ??= new Map();
    parent.whiteouts.set(last, bytes);
    return true;
  }

  function add(entry: LayerEntry, source: EntrySource): Placement {
    const parts = checkName(entry.name, entry.name);
    if (entry.kind === "symlink") checkLength(entry.target, `the target of ${quoteName(entry.name)}`);
    const last = parts.at(-1);
    if (last === undefined) {
      if (entry.kind !== "directory") throw unsafe(`${quoteName(entry.name)} would replace the layer's root`);
      root.named = true;
      return { name: "", target: "", isHeld: false, before: undefined };
    }
    const place = walkTo(root, parts.slice(0, -1), entry.name);
    const name = pathIn(place, last);
    checkLength(name, `the path of ${quoteName(entry.name)}`);
    const parent = enter(place);
    if (entry.kind === "file" && holdWhiteout(parent, last, name, source)) {
      return { name, target: "", isHeld: true, before: undefined };
    }
    markWritten(place);
    parent.whiteouts?.delete(last);
    if (entry.kind === "hardlink") return addHardLink(entry, parent, last, name, source);
    below?.made(name, entry.kind === "directory");
    if (entry.kind === "directory") {
      nameDirectory(parent, last);
      return { name, target: "", isHeld: false, before: undefined };
    }
    remove(parent, last, entry.name);
    if (entry.kind !== "symlink") {
      below?.addFile(name);
      return { name, target: "", isHeld: false, before: undefined };
    }
    const { target } = entry;
    const held = mayLeave(target) ? source.holdLink() : undefined;
    addChild(parent, last, { kind: "symlink", target, held, hasHardLinks: false });
    return { name, target, isHeld: held !== undefined, before: undefined };
  }

  function addHardLink(
    entry: Extract<LayerEntry, { target: string }>,
    parent: Directory,
    last: string,
    name: string,
    source: EntrySource,
  ): Placement {
    const target = find(entry.target, entry.name);
    if (target.there?.kind === "directory") throw unsafe(`${quoteName(entry.name)} is a link to a directory`);
    if (target.name === name) {
      throw new StevedoreError("BAD_ARCHIVE", `${quoteName(entry.name)} is a hard link to itself`);
    }
    const { there, whiteout } = target;
    const isOwn = there !== undefined || whiteout !== undefined || (below?.hasFile(target.name) ?? true);
    if (below !== undefined && !isOwn) {
      // tar never sees it, so its owner and time are looked at here.
      source.holdLink();
      const { target: first, isApart } = below.at(target.name) ?? { target: target.name, isApart: false };
      const held = { name, target: first, isHeld: true, before: undefined };
      // What is there by a link to itself is there.
      if (first === name && !isApart) return held;
      below.made(name, false);
      remove(parent, last, entry.name);
      below.add({ name, target: first, isApart });
      return held;
    }
    // tar never sees an entry of a held symlink, so its owner and time are looked at here.
    if (there?.held !== undefined) source.holdLink();
    below?.made(name, false);
    remove(parent, last, entry.name);
    // A hard link to a symlink is that symlink under another name.
    if (there === undefined) {
      below?.addFile(name);
    } else {
      there.hasHardLinks = true;
      addChild(parent, last, there);
    }
    return { name, target: target.name, isHeld: there?.held !== undefined, before: whiteout };
  }

  function isBelowSymlink(name: string): boolean {
    let directory: Directory | undefined = root;
    for (const part of splitName(name).slice(0, -1)) {
      const child: Directory | Symlink | undefined = directory.children?.get(part);
      if (child?.kind === "symlink") return true;
      if (child === undefined) return false;
      directory = child;
    }
    return false;
  }

  return {
    add,
    isBelowSymlink,
    end: () => heldEntries(root),
    unfinished: below === undefined ? undefined : createUnfinishedLayer(root, below),
    get impliedCount() {
      return implied;
    },
    impliedDirectories() {
      const paths: string[] = [];
      for (const [directory, path] of eachDirectory(root)) if (!directory.named) paths.push(path);
      return paths;
    },
  };
}

function pathIn({ names }: Place, last: string): string {
  return names.length === 0 ? last : `${names.join("/")}/${last}`;
}
