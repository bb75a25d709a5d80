// The map of a sparse file, which says which of its regions lie in the archive. GNU tar reads as many blocks as the map
// says, not as the header says: a map that claims more than the body holds would make it swallow the headers behind.
import { StevedoreError } from "../../terms/index.js";
import { blockSize, quoteName, readNumber } from "./header.js";

/** Adds up the regions of a map and compares them with the header of their entry. */
export interface SparseMap {
  /**
   * @throws `BAD_ARCHIVE` if the region does not lie in the file and behind the one before it, or does not begin on a
   * block of the archive.
   */
  addRegion(offset: number, bytes: number): void;
  /**
   * @throws `BAD_ARCHIVE` if the regions are not exactly `bodyBytes` of data, or do not end where the file ends: then GNU
   * tar would make a shorter file than other readers
   */
  finish(bodyBytes: number): void;
}

/** Reads a map that stands at the beginning of the body, while the body goes by. */
export interface SparseMapReader {
  accept(body: Buffer): void;
  /** @throws `BAD_ARCHIVE` if the body ended before its map. */
  end(): void;
}

/** An empty map of the entry `name`, a file of `fileSize` bytes. */
export function createSparseMap(name: string, fileSize: number): SparseMap {
  let total = 0;
  let end = 0;
  let aligned = true;
  return {
    addRegion(offset, bytes) {
      if (offset < end || offset + bytes > fileSize || (bytes > 0 && !aligned)) throw badMap(name);
      // Each region begins with a block of its own, so only the last one may end inside a block.
      if (bytes % blockSize !== 0) aligned = false;
      end = offset + bytes;
      total += bytes;
    },
    finish(bodyBytes) {
      if (total !== bodyBytes || end !== fileSize) throw badMap(name);
    },
  };
}

/**
 * The sparse format 1.0: the body begins with decimal numbers, each ended by a newline (how many regions there
 * are, then offset and size of each), padded to a whole block. GNU tar manual, "PAX Format, Version 1.0".
 */
export function createSparseMapReader(name: string, fileSize: number, bodyBytes: number): SparseMapReader {
  const map = createSparseMap(name, fileSize);
  let mapBytes = 0;
  let digits = "";
  let numbersLeft: number | undefined;
  let offset: number | undefined;

  function takeNumber(value: number): void {
    if (numbersLeft === undefined) {
      numbersLeft = 2 * value;
      // Each region takes at least the four bytes "0\n0\n". tar would set memory aside for however many are claimed.
      if (value * 4 > bodyBytes) throw badMap(name);
    } else {
      numbersLeft--;
      if (offset === undefined) {
        offset = value;
      } else {
        map.addRegion(offset, value);
        offset = undefined;
      }
    }
    if (numbersLeft === 0) map.finish(bodyBytes - Math.ceil(mapBytes / blockSize) * blockSize);
  }

  return {
    accept(body) {
      for (let at = 0; at < body.length && numbersLeft !== 0; at++) {
        const byte = body[at] as number;
        mapBytes++;
        if (byte === 0x0a && digits !== "") {
          takeNumber(Number.parseInt(digits, 10));
          digits = "";
        } else if (byte >= 0x30 && byte <= 0x39 && digits.length < 15) {
          digits += String.fromCharCode(byte);
        } else {
          throw badMap(name);
        }
      }
    },
    end() {
      if (numbersLeft !== 0) throw badMap(name);
    },
  };
}

/** Whether another block of regions follows this one in the old GNU format. */
export function sparseMapGoesOn(block: Buffer, part: "header" | "extension"): boolean {
  return block[part === "header" ? 482 : 504] !== 0;
}

/**
 * Reads the regions of one block of the old GNU format (`oldgnu_header` and `sparse_header` of GNU tar's `tar.h`):
 * slots of 12 bytes offset and 12 bytes size, the first empty one ends them.
 * @returns whether another block of regions follows.
 */
export function readOldGnuRegions(
  map: SparseMap,
  name: string,
  block: Buffer,
  part: "header" | "extension",
): boolean {
  const [start, slots] = part === "header" ? [386, 4] : [0, 21];
  const isExtended = sparseMapGoesOn(block, part);
  for (let slot = 0; slot < slots; slot++) {
    const at = start + slot * 24;
    if (block[at + 12] === 0) {
      // GNU tar reads no further block after an empty slot, whatever the flag says.
      if (isExtended) throw badMap(name);
      return false;
    }
    const offset = readNumber(block, at);
    const bytes = readNumber(block, at + 12);
    if (offset === undefined || bytes === undefined) throw badMap(name);
    map.addRegion(offset, bytes);
  }
  return isExtended;
}

/**
 * The size of the whole file in an old GNU sparse header, in bytes.
 * @throws `BAD_ARCHIVE` if it is not a valid number
 */
export function readOldGnuSize(name: string, block: Buffer): number {
  const size = readNumber(block, 483);
  if (size === undefined) throw badMap(name);
  return size;
}

function badMap(name: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", `the sparse map of ${quoteName(name)} does not fit its header`);
}
