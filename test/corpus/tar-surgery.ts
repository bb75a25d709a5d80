// An archive taken apart into its entries, as far as its headers are right, so that it can be mutated where it hurts.
import { blockSize, hasValidChecksum, readNumber, text } from "../../src/layer/tar/header.js";
import { seal } from "../support/trees/crafted-tar.js";

/** A header and what belongs to it. */
export interface Piece {
  readonly bytes: Buffer;
  /** False for what is no header: the end of the archive, garbage. */
  readonly isEntry: boolean;
}

/** Types whose size says how many bytes follow. */
const withBody = "07\0xXgLKSVDMA";

/** Cuts an archive into its entries, without regard to extended headers. What comes after them is one piece. */
export function takeApart(bytes: Buffer): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at + blockSize <= bytes.length) {
    const block = bytes.subarray(at, at + blockSize);
    if (!hasValidChecksum(block)) break;
    const size = withBody.includes(typeOf(block)) ? (readNumber(block, 124) ?? 0) : 0;
    const end = Math.min(bytes.length, at + blockSize + Math.ceil(size / blockSize) * blockSize);
    pieces.push({ bytes: bytes.subarray(at, end), isEntry: true });
    at = end;
  }
  if (at < bytes.length) pieces.push({ bytes: bytes.subarray(at), isEntry: false });
  return pieces;
}

export function putTogether(pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}

export function typeOf(header: Buffer): string {
  return String.fromCharCode(header[156] ?? 0);
}

export function nameOf({ bytes }: Piece): string {
  return text(bytes, 0, 100);
}

/** The piece with bytes written into its header, and the checksum right. */
export function edited(
  { bytes, isEntry }: Piece,
  edits: readonly (readonly [at: number, value: string])[],
): Piece {
  const copy = Buffer.from(bytes);
  for (const [at, value] of edits) copy.write(value.slice(0, blockSize - at), at, "latin1");
  seal(copy.subarray(0, blockSize));
  return { bytes: copy, isEntry };
}
