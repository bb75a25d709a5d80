// Writes the headers of entries that a layer needs and that lie nowhere as files. Names may be any bytes and times have
// nanoseconds.
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

/** The length of the field that holds a name, in bytes. */
const longestName = 100;
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

/** The entry that holds the records of the one behind it. */
function extendedHeader(records: readonly string[]): Buffer {
  const body = Buffer.from(records.join(""), "latin1");
  const head = header({ name: "PaxHeaders/entry", type: "x", mode: 0o644, size: body.length });
  const padding = Buffer.alloc((blockSize - (body.length % blockSize)) % blockSize);
  return Buffer.concat([head, body, padding]);
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
  readonly type: string;
  readonly mode: number;
  readonly size: number;
}

function header({ name, type, mode, size }: HeaderFields): Buffer {
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
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
