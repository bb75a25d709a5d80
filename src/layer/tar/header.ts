// One header block of a tar archive. It is read exactly as GNU tar reads it, because GNU tar will write what the
// inspector lets through. Names are latin1 strings: one character per byte.
import { StevedoreError } from "../../terms/index.js";

/** Bytes of a block. An archive consists of whole blocks. */
export const blockSize = 512;

/** Bytes that a body of that size takes, with what fills its last block. */
export function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

/**
 * The dialect, which GNU tar's `decode_header` tells by the magic field. It decides whether a prefix belongs to the
 * name and how sparse files are described.
 */
export type TarDialect = "v7" | "ustar" | "star" | "gnu";

export interface TarHeader {
  /** The type flag, one character. The NUL of old archives is given as `0`, a regular file. */
  readonly type: string;
  /** The name, with the prefix of ustar before it. */
  readonly name: string;
  /** The target of a link, else the empty string. */
  readonly linkName: string;
  /** The size field, in bytes. It means nothing for links, directories, devices and fifos. */
  readonly size: number;
  readonly dialect: TarDialect;
}

/** True for a block of zeros: with one the end of an archive begins. */
export function isZeroBlock(block: Buffer): boolean {
  return block[0] === 0 && block.equals(zeros);
}

/**
 * True if the block's checksum is right: the sum of its bytes with the checksum field taken as blanks (POSIX
 * ustar), or the sum of signed bytes, as old Sun tars wrote it.
 */
export function hasValidChecksum(block: Buffer): boolean {
  const recorded = readOctal(block, 148, 156);
  if (recorded === undefined) return false;
  let sum = sumOfBytes(block) + 8 * 0x20;
  for (let at = 148; at < 156; at++) sum -= block[at] as number;
  return recorded === sum || recorded === sum - 256 * countNegative(block);
}

/**
 * Reads a header block, and checks it first. Layout: POSIX ustar, and `tar.h` of GNU tar for its own dialect.
 * @throws `BAD_ARCHIVE` for a wrong checksum, or a size that is not a valid number
 */
export function readHeader(block: Buffer): TarHeader {
  assertChecksum(block);
  return readFields(block);
}

/** Writes the checksum of a block into it. */
export function writeChecksum(block: Buffer): void {
  block.fill(" ", 148, 156);
  block.write(`${sumOfBytes(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

/** @throws `BAD_ARCHIVE` if the block's checksum is wrong */
export function assertChecksum(block: Buffer): void {
  if (hasValidChecksum(block)) return;
  throw new StevedoreError("BAD_ARCHIVE", "a tar header has a wrong checksum: the archive is damaged");
}

/** Reads a header block without a check. @throws `BAD_ARCHIVE` for a size that is not a valid number */
export function readFields(block: Buffer): TarHeader {
  const { type, size } = readTypeAndSize(block);
  const dialect = dialectOf(block);
  return { type, name: readName(block, dialect), linkName: text(block, 157, 257), size, dialect };
}

/** The same for an extended header, of which nothing else is needed. */
export function readTypeAndSize(block: Buffer): Pick<TarHeader, "type" | "size"> {
  const type = String.fromCharCode(block[156] || 0x30);
  const size = readNumber(block, 124);
  if (size !== undefined) return { type, size };
  const name = quoteName(readName(block, dialectOf(block)));
  throw new StevedoreError("BAD_ARCHIVE", `the tar header of ${name} has a size that is not a valid number`);
}

function readName(block: Buffer, dialect: TarDialect): string {
  const name = text(block, 0, 100);
  const prefix = dialect === "ustar" || dialect === "star" ? text(block, 345, 500) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/**
 * Reads the numeric field at `at`, of 12 bytes or another `width`: octal digits, or base-256 (first byte 0x80, then big endian) as GNU
 * tar and star write it for what octal cannot hold. Undefined if it is neither, negative, or beyond 2^53.
 */
export function readNumber(block: Buffer, at: number, width = 12): number | undefined {
  if (block[at] !== 0x80) return readOctal(block, at, at + width);
  let value = 0;
  for (const byte of block.subarray(at + 1, at + width)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * True for a numeric field of `width` bytes that GNU tar takes for an owner or a time: octal digits or base-256, where
 * only a time may be negative.
 */
export function isOwnerOrTime(block: Buffer, at: number, width: number, mayBeNegative: boolean): boolean {
  const first = block[at];
  if (first === 0xff)
    return mayBeNegative && block.subarray(at, at + width - 8).every((byte) => byte === 0xff);
  if (first !== 0x80) return readOctal(block, at, at + width) !== undefined;
  const leading = block.subarray(at + 1, at + width - 4).every((byte) => byte === 0);
  return leading || (mayBeNegative && readNumber(block, at) !== undefined);
}

/** A name for a message: quoted, control characters escaped, long ones cut. */
export function quoteName(name: string): string {
  const readable = Buffer.from(name, "latin1").toString("utf8");
  return JSON.stringify(readable.length > 200 ? `${readable.slice(0, 200)}…` : readable);
}

/** The bytes from `start` to the first NUL, at most up to `end`: a string of C. */
export function text(block: Buffer, start: number, end: number): string {
  // Most fields are empty, and a call into Node's own code costs more than all the rest of this.
  if (block[start] === 0) return "";
  const nul = block.indexOf(0, start);
  return block.toString("latin1", start, nul === -1 || nul > end ? end : nul);
}

const zeros = Buffer.alloc(blockSize);

/** Four bytes at a time, two of them in each of two sums: the gate adds up the bytes of every header. */
function sumOfBytes(block: Buffer): number {
  const aligned = block.byteOffset % 4 === 0 ? block : new Uint8Array(block);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, blockSize / 4);
  let even = 0;
  let odd = 0;
  for (const word of words) {
    even += word & 0x00ff00ff;
    odd += (word >>> 8) & 0x00ff00ff;
  }
  return (even & 0xffff) + (even >>> 16) + (odd & 0xffff) + (odd >>> 16);
}

/** Octal as GNU tar takes it: one leading NUL and leading blanks are skipped, a NUL or a blank may follow. */
function readOctal(block: Buffer, start: number, end: number): number | undefined {
  let at = block[start] === 0 ? start + 1 : start;
  while (at < end && isBlank(block[at])) at++;
  if (at === end) return undefined;
  let value = 0;
  for (; at < end && isOctalDigit(block[at]); at++) value = value * 8 + (block[at] as number) - 0x30;
  return at === end || block[at] === 0 || isBlank(block[at]) ? value : undefined;
}

/** How many bytes outside the checksum field are negative if they are taken as signed. */
function countNegative(block: Buffer): number {
  return block.reduce((count, byte, at) => (byte > 127 && (at < 148 || at >= 156) ? count + 1 : count), 0);
}

function isOctalDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x37;
}

/** C's `isspace`. */
function isBlank(byte: number | undefined): boolean {
  return byte !== undefined && (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

function dialectOf(block: Buffer): TarDialect {
  // "ustar", by numbers: half of all that a header costs would go into strings.
  if (block.readUInt32BE(257) !== 0x75737461 || block[261] !== 0x72) return "v7";
  if (block[262] === 0x20 && block[263] === 0x20 && block[264] === 0) return "gnu";
  if (block[262] !== 0) return "v7";
  // star keeps two times behind a shorter prefix.
  const isStar = block[475] === 0 && /^[0-7].{10} [0-7].{10} $/s.test(block.toString("latin1", 476, 500));
  return isStar ? "star" : "ustar";
}
