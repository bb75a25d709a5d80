// Writes the headers of entries that a layer needs and that lie nowhere as files. Names may be any bytes and times have
// nanoseconds.
import { blockSize, padded, writeChecksum } from "./header.js";

/** An entry without a body. */
export interface BodilessEntry {
  /** Relative, a latin1 string. */
  readonly path: string;
  /** An empty file, the whiteout of an overlay (a character device 0:0), the device `/dev/null`, or a directory. */
  readonly kind: "file" | "whiteout" | "null device" | "directory";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** Two blocks of zeros end an archive. */
export const endOfArchive = Buffer.alloc(2 * blockSize);

/** The length of the field that holds a name, in bytes. */
const longestName = 100;
const typeFlags = { file: "0", whiteout: "3", "null device": "3", directory: "5" } as const;
const billion = 1_000_000_000n;

/**
 * The blocks of an entry: a header of POSIX ustar, and before it the extended one of pax with all that ustar cannot
 * hold. Extended attributes are named as GNU tar, star and libarchive do: `SCHILY.xattr.NAME`.
 */
export function formatTarEntry({ path, kind, mode, uid, gid, mtimeNs, xattrs = {} }: BodilessEntry): Buffer {
  const records: TextRecord[] = [
    ["path", path],
    ["mtime", formatTime(mtimeNs)],
    ["uid", String(uid)],
    ["gid", String(gid)],
    ...Object.entries(xattrs).map(([name, value]): TextRecord => [`SCHILY.xattr.${name}`, value]),
  ];
  const name = path.slice(0, longestName);
  return Buffer.concat([
    formatPaxHeader(records, "x"),
    sealed(
      header({
        name,
        type: typeFlags[kind],
        mode,
        size: 0,
        device: kind === "null device" ? [1, 3] : [0, 0],
      }),
    ),
  ]);
}

/** A record of pax, keyword and value as latin1 strings. */
type TextRecord = readonly [keyword: string, value: string];

/** A symlink or a hard link, with what its header said of its owner and time. */
export interface FormattedLink {
  /** Relative, a latin1 string, as `target` is. */
  readonly path: string;
  readonly kind: "symlink" | "hardlink";
  readonly target: string;
  /** The fields `uid` and `gid` of a header block, 16 bytes as a latin1 string. */
  readonly owner: string;
  /** The field `mtime`, 12 bytes as a latin1 string. */
  readonly time: string;
  /** Records of pax that override these fields. */
  readonly records: readonly TextRecord[];
}

/** The blocks of a link. */
export function formatLink({ path, kind, target, owner, time, records }: FormattedLink): Buffer {
  const all = [...records];
  if (path.length > longestName) all.push(["path", path]);
  if (target.length > longestName) all.push(["linkpath", target]);
  const name = path.slice(0, longestName);
  const block = header({ name, type: kind === "symlink" ? "2" : "1", mode: 0o777, size: 0 });
  block.write(target.slice(0, longestName), 157, "latin1");
  block.write(owner, 108, "latin1");
  block.write(time, 136, "latin1");
  sealed(block);
  return all.length === 0 ? block : Buffer.concat([formatPaxHeader(all, "x"), block]);
}

/** The entry that holds the records of the one behind it (`x`), or of all behind it (`g`). */
export function formatPaxHeader(records: readonly TextRecord[], type: "x" | "g"): Buffer {
  const text = records.map(([keyword, value]) => record(keyword, value)).join("");
  return extension("PaxHeaders/entry", type, text);
}

/** The entry that holds the name (`L`) or the link target (`K`) of the one behind it, as GNU tar writes it. */
export function formatLongName(name: string, type: "L" | "K"): Buffer {
  return extension("././@LongLink", type, `${name}\0`);
}

function extension(name: string, type: string, text: string): Buffer {
  const bytes = Buffer.alloc(blockSize + padded(text.length));
  sealed(header({ name, type, mode: 0o644, size: text.length })).copy(bytes);
  bytes.write(text, blockSize, "latin1");
  return bytes;
}

/** One record of pax: `"%d %s=%s\n"`, the length that of the whole record in bytes (POSIX.1-2001). */
function record(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length;
  while (length !== String(length).length + rest.length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

/** Seconds since the epoch with nine decimals. */
export function formatTime(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? "-" : ""}${size / billion}.${String(size % billion).padStart(9, "0")}`;
}

interface HeaderFields {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  /** Default 0:0. */
  readonly device?: readonly [major: number, minor: number];
}

/** A block without its checksum. */
function header({ name, type, mode, size, device: [major, minor] = [0, 0] }: HeaderFields): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(name, 0, longestName, "latin1");
  const octal = (value: number, at: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, "0"), at, "latin1");
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write(type, 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  octal(major, 329, 7);
  octal(minor, 337, 7);
  return block;
}

function sealed(block: Buffer): Buffer {
  writeChecksum(block);
  return block;
}
