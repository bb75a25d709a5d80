// Gives an entry its canonical name. Its headers are written anew as far as they hold its name or the target of its
// link; all else of it stays as it came, the body above all.
import type { ByteRange } from "./extended-headers.js";
import { blockSize, padded, writeChecksum } from "./header.js";
import type { WalkedEntry } from "./walk.js";
import { formatLongName, formatPaxHeader } from "./writer.js";

/** A part of the archive, and what tar gets in its place. */
export interface Edit extends ByteRange {
  readonly bytes: Buffer;
}

/** The lengths of the fields that hold a name and a target, and where they lie (POSIX ustar). */
const nameField = { start: 0, end: 100 } as const;
const linkField = { start: 157, end: 257 } as const;
const prefixStart = 345;
/** Where the prefix ends. star has times behind a shorter one. */
const prefixEnd = { ustar: 500, star: 475 } as const;
const nothing = Buffer.alloc(0);

/**
 * What must be changed of an entry for tar to read this name and this target; nothing if it reads them already.
 * @param name canonical; `""` is the root
 * @param target that of a symlink or a hard link
 */
export function renameEntry(walked: WalkedEntry, name: string, target: string): readonly Edit[] {
  const { entry, headerEnd } = walked;
  const isLink = "target" in entry;
  // One slash behind a directory is as GNU tar writes it, and all readers know it.
  const isSpelled = entry.name === name || (entry.kind === "directory" && entry.name === `${name}/`);
  if (isSpelled && name !== "" && (!isLink || entry.target === target)) return [];
  const { ranges, bytes } = rename(walked, name, target);
  return [
    ...ranges.map((range) => ({ ...range, bytes: nothing })),
    { from: headerEnd - blockSize, to: headerEnd, bytes },
  ];
}

/** The whole entry under another name; it must not have a body. */
export function renamedEntry(walked: WalkedEntry, name: string): Buffer {
  const { bytes, ranges } = rename(walked, name, "");
  const { records } = walked.extended;
  return ranges.length > 0 || records.length === 0 ? bytes : Buffer.concat([paxHeaderOf(records), bytes]);
}

/** The parts that tar must not have of the whole entry. Global headers before it are not of it. */
export function wholeEntry({ extended, headerEnd, size }: WalkedEntry): Edit[] {
  const range = { from: headerEnd - blockSize, to: headerEnd + padded(size) };
  return [...extended.ranges, range].map((part) => ({ ...part, bytes: nothing }));
}

/** The header under another name, and where the extended headers lie that it replaces. */
function rename(
  walked: WalkedEntry,
  name: string,
  target: string,
): { ranges: readonly ByteRange[]; bytes: Buffer } {
  const { entry, header, block, extended } = walked;
  const isLink = "target" in entry;
  const spelled = entry.kind === "directory" ? (name === "" ? "./" : `${name}/`) : name;
  const patched = Buffer.from(block);
  writeField(patched, nameField, spelled);
  if (header.dialect === "ustar" || header.dialect === "star") {
    patched.fill(0, prefixStart, prefixEnd[header.dialect]);
  }
  if (isLink) writeField(patched, linkField, target);
  writeChecksum(patched);

  const fits =
    spelled.length <= nameField.end && (!isLink || target.length <= linkField.end - linkField.start);
  const { pax } = extended;
  const isElsewhere =
    extended.name !== undefined ||
    extended.linkName !== undefined ||
    pax?.path !== undefined ||
    pax?.linkPath !== undefined;
  if (fits && !isElsewhere) return { ranges: [], bytes: patched };
  return {
    ranges: extended.ranges,
    bytes: Buffer.concat([...extendedHeaders(walked, spelled, isLink ? target : ""), patched]),
  };
}

/** The extended headers of an entry, written anew for its name and target. */
function extendedHeaders(
  { extended: { pax, records } }: WalkedEntry,
  name: string,
  target: string,
): Buffer[] {
  const isLongName = name.length > nameField.end;
  const isLongTarget = target.length > linkField.end - linkField.start;
  if (pax === undefined) {
    return [
      ...(isLongName ? [formatLongName(name, "L")] : []),
      ...(isLongTarget ? [formatLongName(target, "K")] : []),
    ];
  }
  const kept = records.filter(({ keyword }) => !namingKeywords.has(keyword));
  const isSparse = pax.sparseSize !== undefined;
  const added: [string, string][] = [];
  if (isLongName || isSparse) added.push([isSparse ? "GNU.sparse.name" : "path", name]);
  if (isLongTarget) added.push(["linkpath", target]);
  const all = [...kept.map(asText), ...added];
  return all.length === 0 ? [] : [formatPaxHeader(all, "x")];
}

const namingKeywords: ReadonlySet<string> = new Set(["path", "linkpath", "GNU.sparse.name"]);

function paxHeaderOf(records: WalkedEntry["extended"]["records"]): Buffer {
  return formatPaxHeader(records.map(asText), "x");
}

function asText({ keyword, value }: WalkedEntry["extended"]["records"][number]): readonly [string, string] {
  return [keyword, value.toString("latin1")];
}

/** Writes as much of a text into a field as fits, never so that it ends in a slash by being cut. */
function writeField(
  block: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
  text: string,
): void {
  block.fill(0, start, end);
  const cut = text.length > end - start ? text.slice(0, end - start).replace(/\/+$/, "") : text;
  block.write(cut, start, "latin1");
}
