// Writes the headers of a tar archive: for what has to be made in a layer that lies nowhere as a file, and for
// archives that hold layers.
import { blockSize } from "./header.js";

/** An entry without a body. */
export interface BodilessEntry {
  /** Relative, a latin1 string. */
  readonly path: string;
  /** An empty file, the whiteout of an overlay (a character device 0:0), or a directory. */
  readonly kind: "file" | "whiteout" | "directory";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** Two blocks of zeros end an archive. */
export const endOfArchive = Buffer.alloc(2 * blockSize);

const typeFlags = { file: "0", whiteout: "3", directory: "5" } as const;
const billion = 1_000_000_000n;

/**
 * The blocks of an entry: a header of POSIX ustar, and before it the extended one of pax with all that ustar cannot
 * hold. Extended attributes are named as GNU tar, star and libarchive do: `SCHILY.xattr.NAME`.
 */
export function formatTarEntry({ path, kind, mode, uid, gid, mtimeNs, xattrs = {} }: BodilessEntry): Buffer {
  const records = [
    record("path", path),
    record("mtime", formatTime(mtimeNs)),
    record("uid", String(uid)),
    record("gid", String(gid)),
    ...Object.entries(xattrs).map(([name, value]) => record(`SCHILY.xattr.${name}`, value)),
  ];
  const name = path.slice(0, longestName);
  return Buffer.concat([extendedHeader(records), header({ name, type: typeFlags[kind], mode, size: 0 })]);
}

/** Bytes of what `formatFileHeader` gives, whatever the file. */
export const fileHeaderBytes = 3 * blockSize;

/**
 * What stands before the body of a regular file of root's, mode 0644, of the epoch. The size is in an extended header
 * of pax as well, whether or not it needs one (from 8 GiB on): so that room can be left for the header of a file whose
 * size is not known yet.
 * @param path relative, in ASCII, its last name of at most 100 characters and what comes before of at most 155
 */
export function formatFileHeader(path: string, size: number): Buffer {
  const slash = path.length > longestName ? path.lastIndexOf("/") : -1;
  const [prefix, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
  if (prefix.length > longestPrefix || name.length > longestName) {
    throw new RangeError(`${path} is too long for a header of ustar`);
  }
  return Buffer.concat([
    extendedHeader([record("size", String(size))]),
    header({ name, prefix, type: "0", mode: 0o644, size: size > largestOctal ? 0 : size }),
  ]);
}

/** The zeros that fill the last block of a body of that many bytes. */
export function paddingOf(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** What the fields of ustar hold: 11 octal digits, and two parts of a path, in bytes. */
const largestOctal = 8 * 1024 ** 3 - 1;
const longestName = 100;
const longestPrefix = 155;

/** The entry that holds the records of the one behind it. */
function extendedHeader(records: readonly string[]): Buffer {
  const body = Buffer.from(records.join(""), "latin1");
  const head = header({ name: "PaxHeaders/entry", type: "x", mode: 0o644, size: body.length });
  return Buffer.concat([head, body, paddingOf(body.length)]);
}

/** One record of pax: `"%d %s=%s\n"`, the length that of the whole record in bytes (POSIX.1-2001). */
function record(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length;
  while (length !== String(length).length + rest.length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

/** Seconds since the epoch with nine decimals. */
function formatTime(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? "-" : ""}${size / billion}.${String(size % billion).padStart(9, "0")}`;
}

interface HeaderFields {
  readonly name: string;
  readonly prefix?: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
}

function header({ name, prefix = "", type, mode, size }: HeaderFields): Buffer {
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
  octal(0, 329, 7);
  octal(0, 337, 7);
  block.write(prefix, 345, longestPrefix, "latin1");
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
