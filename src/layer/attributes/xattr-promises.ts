// The extended attributes that the entries of an archive promise. A layer without any costs nothing; with them, each path
// costs its name, and each set of attributes is kept once.

import { createHash } from "node:crypto";
import type { Ownership } from "../extraction-options.js";
import type { PaxRecord, WalkedEntry } from "../tar/index.js";
import { type Xattr, xattrsIn } from "../xattrs.js";
import type { PlacedEntry } from "./promises.js";

/** One attribute that must be on the disk. */
export interface XattrPromise {
  readonly name: string;
  readonly bytes: number;
  /** What its value must be, as `valueKey` gives it. */
  readonly value: string;
}

type Attributes = readonly XattrPromise[];

const capability = "security.capability";
const libarchive = "LIBARCHIVE.xattr.";
/** A longer value is kept as its digest. */
const longestValue = 64;

/** The extended attributes that a layer keeps, as globs; only root can give files capabilities. */
export function xattrMasks(ownership: Ownership): string[] {
  return [...(ownership === "kept" ? [capability] : []), "user.*"];
}

/** Promises of extended attributes, by paths. */
export function createXattrPromises(ownership: Ownership) {
  const byPath = new Map<string, Attributes>();
  /** Of many files, most have the same attributes. */
  const known = new Map<string, Attributes>();
  const isKept = ({ name }: Xattr) =>
    name.startsWith("user.") || (name === capability && ownership === "kept");

  function intern(attributes: Attributes): Attributes {
    const key = JSON.stringify(attributes.map(({ name, value }) => [name, value]));
    const there = known.get(key);
    if (there !== undefined) return there;
    known.set(key, attributes);
    return attributes;
  }

  function take({ entry, extended }: WalkedEntry, { name, target, isHeld }: PlacedEntry): void {
    if (byPath.size === 0 && extended.records.length === 0) return;
    // A whiteout that may be left out.
    const own = isHeld && entry.kind === "file" ? [] : attributesIn(extended.records).filter(isKept);
    // All names of a file share its attributes.
    const shared = entry.kind === "hardlink" ? (byPath.get(target) ?? []) : [];
    if (own.length + shared.length === 0) {
      byPath.delete(name);
      return;
    }
    const all = new Map(shared.map((promise) => [promise.name, promise]));
    for (const { name: attribute, value } of own) {
      all.set(attribute, {
        name: attribute,
        bytes: value.length,
        value: valueKey({ name: attribute, value }),
      });
    }
    byPath.set(name, intern([...all.values()]));
  }

  return { take, all: () => byPath.entries() };
}

/** All attributes of an entry, the last one of a name. bsdtar writes them in a form of its own, alone or beside star's. */
function attributesIn(records: readonly PaxRecord[]): Xattr[] {
  const found = new Map<string, Xattr>();
  for (const { keyword, value } of records) {
    if (!keyword.startsWith(libarchive)) continue;
    const name = unescapeUrl(keyword.slice(libarchive.length));
    found.set(name, { name, value: Buffer.from(value.toString("latin1"), "base64") });
  }
  for (const xattr of xattrsIn(records)) found.set(xattr.name, xattr);
  return [...found.values()];
}

function unescapeUrl(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** A short text that is the same for the same value. */
export function valueKey({ name, value }: Xattr): string {
  const shown = name === capability ? shownCapability(value) : value;
  if (shown.length <= longestValue) return `=${shown.toString("latin1")}`;
  return `#${createHash("sha256").update(shown).digest("base64")}`;
}

/**
 * A capability as the kernel shows it: one of the third revision whose root user is the host's own is shown in the
 * second, which has no root user (linux/capability.h, cap_inode_getsecurity).
 */
function shownCapability(value: Buffer): Buffer {
  const isThird = value.length === 24 && value[3] === 3;
  if (!isThird || value.readUInt32LE(20) !== 0) return value;
  const second = Buffer.from(value.subarray(0, 20));
  second[3] = 2;
  return second;
}
