// Walks the headers of an archive that nobody vouches for, as its bytes go by, and says how far GNU tar may be let
// in: never past a header that was not read whole and found right. It reads what GNU tar will read, byte for byte,
// and where readers of tar differ it refuses.
import { StevedoreError } from "../../terms/index.js";
import { hasDotDot, unsafe } from "./entry-name.js";
import { createLayerPaths } from "./entry-path.js";
import { describeEntry } from "./entry-type.js";
import { addExtendedHeader, isExtendedHeader, noExtendedHeaders } from "./extended-headers.js";
import { blockSize, isZeroBlock, quoteName, readHeader, type TarHeader } from "./header.js";
import { createRedundantWhiteouts } from "./redundant-whiteouts.js";
import {
  createSparseMap,
  createSparseMapReader,
  readOldGnuRegions,
  readOldGnuSize,
  type SparseMap,
  type SparseMapReader,
} from "./sparse-map.js";

/** How much of an archive is taken before it is `LIMIT_EXCEEDED`. */
export interface UnpackLimits {
  /** Decompressed bytes of the archive. The holes of sparse files count as if they were in it. */
  readonly maxBytes: number;
  /** Entries, and the directories that are made because entries lie in them. */
  readonly maxEntries: number;
}

/** A push parser. After it has thrown it is of no further use. */
export interface ArchiveInspector {
  /**
   * Takes the next bytes of the archive, cut anywhere.
   * @throws `BAD_ARCHIVE`, `UNSAFE_ENTRY`, `LIMIT_EXCEEDED`.
   */
  accept(chunk: Buffer): void;
  /** How many bytes, from the beginning of the archive, tar may have: all but what is not yet read whole, or dropped. */
  readonly cleared: number;
  /** Hands out, once, what of the cleared bytes tar must not have: whole entries that say nothing. In their order. */
  takeDropped(): ByteRange[];
  /** True once the end of the archive was seen: what follows only counts. */
  readonly ended: boolean;
  /** Bytes seen. */
  readonly bytes: number;
  /** Entries seen, extended headers and volume labels not counted. */
  readonly entries: number;
  /**
   * How many zeros would end an archive that ends behind the content of an entry: those that fill its last block, and
   * the blocks that mark the end. 0 where there are such blocks, or where zeros would not do.
   */
  missingEnd(): number;
  /**
   * To be called where the archive ends.
   * @throws `BAD_ARCHIVE` if it was cut short, if only between two entries.
   */
  finish(): void;
  /** The directories no entry named: see `LayerPaths`. */
  impliedDirectories(): string[];
  /** The first device in the archive, as a latin1 string: only root can make one. */
  readonly firstDevice: string | undefined;
}

/** A part of the archive, by the positions of its first byte and of the one behind its last. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** The longest extended header or long name that is read, in bytes: each is held in memory whole. */
const longestExtended = 1024 * 1024;
/** The same for all that stand before one entry, which tar has only when that is known not to be dropped. */
const longestExtendedTogether = 4 * longestExtended;

/** What the next bytes are, if they are not of a body. */
type Part =
  | { readonly kind: "header"; readonly size: typeof blockSize }
  | { readonly kind: "extended"; readonly size: number; readonly header: TarHeader }
  | { readonly kind: "regions"; readonly size: typeof blockSize; readonly entry: SparseEntry }
  | { readonly kind: "second zeros"; readonly size: typeof blockSize }
  | { readonly kind: "nothing"; readonly size: typeof blockSize };

/** An entry of the old GNU sparse format, whose header goes on in further blocks. */
interface SparseEntry {
  readonly name: string;
  readonly map: SparseMap;
  readonly bodyBytes: number;
}

const headerPart: Part = { kind: "header", size: blockSize };

/** An inspector at the beginning of an archive. */
export function createArchiveInspector({ maxBytes, maxEntries }: UnpackLimits): ArchiveInspector {
  const paths = createLayerPaths();
  const saysNothing = createRedundantWhiteouts();
  let bytes = 0;
  let entries = 0;
  let holes = 0;
  let firstDevice: string | undefined;
  let part: Part = headerPart;
  /** The beginning of `part`, if a chunk ended inside it. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let extended = noExtendedHeaders;
  /** Where the first of the extended headers begins that stand before the next entry. */
  let extendedAt: number | undefined;
  let dropped: ByteRange[] = [];
  /** Bytes of the body that are to come, its padding included. */
  let body = 0;
  /** How many of them are padding, unless that has begun. */
  let padding = 0;
  let sparseMap: SparseMapReader | undefined;
  let current = "";
  let endedAt: number | undefined;

  function accept(chunk: Buffer): void {
    const start = bytes;
    bytes += chunk.length;
    checkBytes(0, () => "the archive");
    for (let at = 0; at < chunk.length && part.kind !== "nothing"; ) {
      if (body > 0) {
        const step = Math.min(body, chunk.length - at);
        sparseMap?.accept(chunk.subarray(at, at + step));
        passBody(step);
        at += step;
      } else {
        const missing = part.size - heldBytes;
        const piece = chunk.subarray(at, at + missing);
        at += piece.length;
        if (piece.length < missing) {
          held.push(piece);
          heldBytes += piece.length;
        } else {
          const whole = held.length === 0 ? piece : Buffer.concat([...held, piece]);
          held = [];
          heldBytes = 0;
          takePart(whole, start + at);
        }
      }
    }
  }

  function passBody(step: number): void {
    body -= step;
    if (body > 0) return;
    sparseMap?.end();
    sparseMap = undefined;
  }

  function takePart(whole: Buffer, end: number): void {
    if (part.kind === "header") {
      if (isZeroBlock(whole)) takeEnd(end);
      else takeHeader(readHeader(whole), whole, end);
    } else if (part.kind === "extended") {
      extended = addExtendedHeader(extended, part.header, whole);
      part = headerPart;
    } else if (part.kind === "second zeros") {
      // Some readers go on behind one block of zeros, some call it an error: an archive must not hide entries there.
      if (!isZeroBlock(whole)) throw bad("the archive goes on behind a block of zeros");
      part = { kind: "nothing", size: blockSize };
    } else if (
      part.kind === "regions" &&
      !readOldGnuRegions(part.entry.map, part.entry.name, whole, "extension")
    ) {
      finishRegions(part.entry);
    }
  }

  /** GNU tar takes one block of zeros for the end. Others want a second: if there is more, it must be that. */
  function takeEnd(end: number): void {
    if (extended !== noExtendedHeaders) throw bad("the archive ends before the entry of an extended header");
    endedAt = end;
    part = { kind: "second zeros", size: blockSize };
  }

  function takeHeader(header: TarHeader, block: Buffer, end: number): void {
    if (isExtendedHeader(header.type)) {
      extendedAt ??= end - blockSize;
      if (end + header.size - extendedAt > longestExtendedTogether) {
        throw tooMuch(`the extended headers of an entry are larger than ${longestExtendedTogether}`);
      }
      if (header.size > longestExtended) {
        throw tooMuch(`an extended header of ${header.size} bytes is larger than ${longestExtended}`);
      }
      if (header.size === 0) throw bad("an extended header is empty");
      part = { kind: "extended", size: padded(header.size), header };
    } else if (header.type === "V") {
      // The label of a volume is no entry; tar skips it with all that its size claims.
      if (extended !== noExtendedHeaders) throw bad("an extended header stands before a volume label");
      if (hasDotDot(header.name)) throw unsafe(`the volume label ${quoteName(header.name)} holds ".."`);
      beginBody(header.size);
      current = header.name;
      extendedAt = undefined;
    } else {
      takeEntry(header, block, end);
    }
  }

  function beginBody(size: number): void {
    body = padded(size);
    padding = body - size;
  }

  function takeEntry(header: TarHeader, block: Buffer, end: number): void {
    const begunAt = extendedAt ?? end - blockSize;
    extendedAt = undefined;
    const { pax } = extended;
    const name = pax?.path ?? extended.name ?? header.name;
    const target = pax?.linkPath ?? extended.linkName ?? header.linkName;
    extended = noExtendedHeaders;
    if (name === "") throw bad("an entry has no name");
    const entry = describeEntry(header.type, name, target);
    const isDropped = saysNothing(entry);
    if (!isDropped) paths.add(entry);
    entries++;
    const made = entries + paths.impliedCount;
    if (made > maxEntries) {
      throw tooMuch(`the archive has more than ${maxEntries} entries: --max-layer-entries raises the limit`);
    }
    if (entry.kind === "device") firstDevice ??= name;
    current = name;

    // Nothing but a file has a body in GNU tar's eyes: other sizes tell of another disk, or of the link's target.
    const size = entry.kind === "file" ? (pax?.size ?? header.size) : 0;
    checkBytes(size, () => quoteName(name));
    if (isDropped) {
      dropped.push({ from: begunAt, to: end + padded(size) });
      beginBody(size);
      return;
    }
    if (header.type === "S") {
      if (header.dialect !== "gnu" || pax !== undefined) throw unsafeSparse(name);
      beginRegions(name, block, size);
      return;
    }
    beginBody(size);
    if (pax?.sparseSize !== undefined) {
      // Only where GNU tar takes the header for one of pax does it read the body as a map and data.
      if (header.dialect !== "ustar" || entry.kind !== "file") throw unsafeSparse(name);
      countHole(pax.sparseSize - size, name);
      sparseMap = createSparseMapReader(name, pax.sparseSize, size);
      if (size === 0) sparseMap.end();
    }
  }

  /** The old GNU format keeps a map in the header, and in further blocks if it is long. */
  function beginRegions(name: string, block: Buffer, bodyBytes: number): void {
    const fileSize = readOldGnuSize(name, block);
    countHole(fileSize - bodyBytes, name);
    const entry = { name, map: createSparseMap(name, fileSize), bodyBytes };
    const goesOn = readOldGnuRegions(entry.map, name, block, "header");
    if (goesOn) part = { kind: "regions", size: blockSize, entry };
    else finishRegions(entry);
  }

  function finishRegions({ map, bodyBytes }: SparseEntry): void {
    map.finish(bodyBytes);
    part = headerPart;
    beginBody(bodyBytes);
  }

  function countHole(size: number, name: string): void {
    holes += Math.max(0, size);
    checkBytes(0, () => `with the holes of ${quoteName(name)} the archive`);
  }

  /** Refuses a body that cannot fit before its first byte has come. */
  function checkBytes(more: number, what: () => string): void {
    const isTooMuch = bytes + holes > maxBytes || more > maxBytes;
    if (isTooMuch) {
      throw tooMuch(`${what()} is larger than ${maxBytes} bytes: --max-layer-bytes raises the limit`);
    }
  }

  function missingEnd(): number {
    const isBehindContent = body <= padding && heldBytes === 0 && part.kind === "header";
    if (endedAt !== undefined || bytes === 0 || !isBehindContent || extended !== noExtendedHeaders) return 0;
    return body + 2 * blockSize;
  }

  function finish(): void {
    if (endedAt === blockSize && part.kind === "second zeros") {
      throw bad("the archive is cut short: it is but a block of zeros");
    }
    if (endedAt !== undefined) return;
    if (bytes === 0) throw bad("the archive is empty: it has not even an end-of-archive block");
    if (body > 0) throw bad(`the archive is cut short: it ends inside ${quoteName(current)}`);
    if (heldBytes > 0 || part.kind !== "header" || extended !== noExtendedHeaders) {
      throw bad("the archive is cut short: it ends inside a header");
    }
    throw bad("the archive is cut short: it has no end-of-archive block");
  }

  return {
    accept,
    missingEnd,
    finish,
    get cleared() {
      return endedAt ?? extendedAt ?? bytes - heldBytes;
    },
    takeDropped() {
      const taken = dropped;
      dropped = [];
      return taken;
    },
    get ended() {
      return endedAt !== undefined;
    },
    get bytes() {
      return bytes;
    },
    get entries() {
      return entries;
    },
    get firstDevice() {
      return firstDevice;
    },
    impliedDirectories: paths.impliedDirectories,
  };
}

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

function unsafeSparse(name: string): StevedoreError {
  return unsafe(`${quoteName(name)} is sparse in a way that its header does not allow`);
}

function bad(message: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", message);
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
