// A block of an .xz file: what becomes one, and what it is once it is compressed. (The .xz file format, section 3.)
import { crc32 } from "node:zlib";
import { StevedoreError, type XzRecipe } from "../../terms/index.js";
import { readNumber } from "./number.js";

/** What decides the bytes of a block, beside its input. */
export type XzSettings = Pick<XzRecipe, "preset" | "blockSize">;

/** A piece of the input that becomes one block. */
export interface BlockInput {
  /** From 1 byte to the settings' `blockSize`; fewer than that only at the end of the input. */
  readonly data: Buffer;
  /** sha256 of the data, 64 lower-case hex characters: with the settings the identity of the block. */
  readonly digest: string;
}

/** A compressed block as it stands in a stream. */
export interface XzBlock {
  /** Header, compressed data, padding and check: a multiple of four bytes. */
  readonly bytes: Buffer;
  /** The bytes without the padding, as the index counts them. */
  readonly unpaddedSize: number;
  /** Bytes of the input. */
  readonly uncompressedSize: number;
}

/** Bytes of the check, a CRC64. */
const checkSize = 8;
/** The flags of a header: one filter, both sizes present. The encoder of several threads writes no other. */
const headerFlags = 0xc0;
/** The filter LZMA2 with its one byte of properties. */
const lzma2 = Buffer.from([0x21, 0x01]);

/**
 * Reads a block that is whole by its header: the sizes that it tells are those of the bytes. What is compressed in it is
 * not looked at.
 * @throws `INTERNAL` saying what is wrong with it
 */
export function readXzBlock(bytes: Buffer): XzBlock {
  const headerSize = ((bytes[0] ?? 0) + 1) * 4;
  if (bytes[0] === 0 || bytes.length < headerSize + checkSize) throw badBlock("it is cut short");
  const crcAt = headerSize - 4;
  if (crc32(bytes.subarray(0, crcAt)) !== bytes.readUInt32LE(crcAt)) throw badBlock("its header is damaged");
  if (bytes[1] !== headerFlags) throw badBlock("its header is not that of the encoder of several threads");
  const compressed = readNumber(bytes, 2, crcAt);
  const uncompressed = compressed && readNumber(bytes, compressed.end, crcAt);
  if (compressed === undefined || uncompressed === undefined) throw badBlock("its header tells no sizes");
  const filterAt = uncompressed.end;
  const isLzma2 = bytes.subarray(filterAt, filterAt + lzma2.length).equals(lzma2);
  const padding = bytes.subarray(filterAt + lzma2.length + 1, crcAt);
  if (!isLzma2 || padding.some((byte) => byte !== 0)) throw badBlock("it has other filters than LZMA2");
  const unpaddedSize = headerSize + compressed.value + checkSize;
  if (bytes.length !== roundUp(unpaddedSize)) {
    throw badBlock(`it has ${bytes.length} bytes and tells of ${unpaddedSize}`);
  }
  return { bytes, unpaddedSize, uncompressedSize: uncompressed.value };
}

/** The next multiple of four. */
export function roundUp(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function badBlock(what: string): StevedoreError {
  return new StevedoreError("INTERNAL", `not a block of xz: ${what}`);
}
