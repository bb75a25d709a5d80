// Entries that GNU tar gets only when all others are written. Symlinks that lead elsewhere on the host than in the layer
// are not there while anything could be written through them, and may still be replaced; whiteouts may turn out to say
// nothing, because their directory becomes something else.
import type { BigIntStats } from "node:fs";
import { StevedoreError } from "../../terms/index.js";
import { childPath } from "./byte-path.js";
import { type Directory, eachDirectory, type Symlink } from "./directory-tree.js";
import { unsafe } from "./entry-name.js";
import { isOwnerOrTime, quoteName } from "./header.js";
import type { WalkedEntry } from "./walk.js";
import { endOfArchive, formatLink, formatPaxHeader, formatTime } from "./writer.js";

/** What is kept of a symlink's entry besides its name and target. */
export interface HeldLink {
  /** The fields of the header for owner and time, as latin1 strings. */
  readonly owner: string;
  readonly time: string;
  /** The records of pax that override them. */
  readonly records: readonly (readonly [keyword: string, value: string])[];
}

/** How many bytes go into one chunk. */
const chunkBytes = 64 * 1024;
/** What an extended header can say of a symlink. */
const keywords: ReadonlySet<string> = new Set(["mtime", "uid", "gid"]);
const noRecords: HeldLink["records"] = [];

/** The forms of values that GNU tar takes. */
const forms: ReadonlyMap<string, RegExp> = new Map([
  ["uid", /^[0-9]{1,9}$|^[0-3][0-9]{9}$|^4[01][0-9]{8}$/],
  ["gid", /^[0-9]{1,9}$|^[0-3][0-9]{9}$|^4[01][0-9]{8}$/],
  ...["mtime", "atime", "ctime"].map((keyword) => [keyword, /^-?[0-9]{1,18}(\.[0-9]*)?$/] as const),
]);

/**
 * What must be kept of an entry for `heldEntries`.
 * @throws `BAD_ARCHIVE` for an owner or a time that is not valid: tar may never see the entry
 */
export function holdLink({ entry, block, globals, extended: { records } }: WalkedEntry): HeldLink {
  const areValid =
    isOwnerOrTime(block, 108, 8, false) &&
    isOwnerOrTime(block, 116, 8, false) &&
    isOwnerOrTime(block, 136, 12, true) &&
    records.every(({ keyword, value }) => forms.get(keyword)?.test(value.toString("latin1")) ?? true);
  if (!areValid) {
    const reason = "has an owner or a time that is not valid";
    throw new StevedoreError("BAD_ARCHIVE", `${quoteName(entry.name)} ${reason}`);
  }
  const owner = block.toString("latin1", 108, 124);
  const time = block.toString("latin1", 136, 148);
  if (globals.length === 0 && records.length === 0) return { owner, time, records: noRecords };
  const found = [...globals, ...records].filter(({ keyword }) => keywords.has(keyword));
  return { owner, time, records: found.map(({ keyword, value }) => [keyword, value.toString("latin1")]) };
}

const noOwner = "0000000\x000000000\0";
const noTime = "00000000000\0";

/** What `holdLink` keeps, of a symlink on the disk. */
export function heldLinkOf({ uid, gid, mtimeNs }: BigIntStats): HeldLink {
  const records = [
    ["uid", `${uid}`],
    ["gid", `${gid}`],
    ["mtime", formatTime(mtimeNs)],
  ] as const;
  return { owner: noOwner, time: noTime, records };
}

/** What must stand before entries that are put behind those of an archive. */
export function beforeAdded(): Buffer {
  // Nothing that a global header said may hold for what follows.
  return formatPaxHeader([["comment", "added"]], "g");
}

/** The entry of a hard link; tar reads nothing else of it than the two names. */
export function formatHardLink(path: string, target: string): Buffer {
  return formatLink({ path, kind: "hardlink", target, owner: noOwner, time: noTime, records: noRecords });
}

/**
 * Yields the end of an archive: the entries that are held, and the blocks that mark the end.
 * @throws `UNSAFE_ENTRY` for a hard link to a held symlink in a directory that has no held symlink of its own: tar sets
 * the time of such a directory before it makes the link
 */
export function* heldEntries(root: Directory): Generator<Buffer> {
  yield* inChunks(eachHeld(root));
}

function* eachHeld(root: Directory): Generator<Buffer> {
  // Nothing that a global header said may hold for what follows.
  yield formatPaxHeader([["comment", "end"]], "g");
  for (const [directory] of eachDirectory(root)) yield* directory.whiteouts?.values() ?? [];
  /** The directories whose times tar sets after its links. The root's is always set last. */
  const awaited = new Set([root]);
  const several = namesOfSeveral(root);
  for (const [directory, path] of eachDirectory(root)) {
    for (const [name, child] of directory.children ?? []) {
      if (child.kind === "directory" || child.held === undefined || several.has(child)) continue;
      awaited.add(directory);
      yield formatLink({ path: childPath(path, name), kind: "symlink", target: child.target, ...child.held });
    }
  }
  for (const [symlink, names] of several) {
    const first = names.find(({ directory }) => directory.named && !awaited.has(directory)) ?? names[0];
    if (first === undefined || symlink.held === undefined) continue;
    awaited.add(first.directory);
    yield formatLink({ path: first.path, kind: "symlink", target: symlink.target, ...symlink.held });
    for (const { directory, path } of names) {
      if (path === first.path) continue;
      if (directory.named && !awaited.has(directory)) throw untimely(path);
      yield formatLink({ path, kind: "hardlink", target: first.path, ...symlink.held });
    }
  }
  yield endOfArchive;
}

interface LinkName {
  readonly directory: Directory;
  readonly path: string;
}

/** The held symlinks that have more than one name, with all of their names. */
function namesOfSeveral(root: Directory): Map<Symlink, LinkName[]> {
  const several = new Map<Symlink, LinkName[]>();
  for (const [directory, path] of eachDirectory(root)) {
    for (const [name, child] of directory.children ?? []) {
      if (child.kind === "directory" || child.held === undefined || !child.hasHardLinks) continue;
      const names = several.get(child) ?? [];
      several.set(child, names);
      names.push({ directory, path: childPath(path, name) });
    }
  }
  return several;
}

function untimely(path: string): Error {
  const reason =
    "is a hard link to a symlink that leads elsewhere on the host, alone in its directory, whose time";
  return unsafe(`${quoteName(path)} ${reason} would be that of the extraction`);
}

function* inChunks(pieces: Iterable<Buffer>): Generator<Buffer> {
  let some: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    some.push(piece);
    bytes += piece.length;
    if (bytes < chunkBytes) continue;
    yield Buffer.concat(some);
    some = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(some);
}
