// The one walk over the blocks of a tar archive. It reads what GNU tar will read, byte for byte, and refuses what
// readers of tar understand differently. What is wanted of the entries is the listener's matter.
import { StevedoreError } from "../../terms/index.js";
import { hasDotDot, unsafe } from "./entry-name.js";
import type { LayerEntry } from "./entry-path.js";
import { describeEntry } from "./entry-type.js";
import {
  addExtendedHeader,
  type ByteRange,
  type ExtendedHeaders,
  isExtendedHeader,
  noExtendedHeaders,
  readGlobalHeader,
} from "./extended-headers.js";
import {
  assertChecksum,
  blockSize,
  isZeroBlock,
  padded,
  quoteName,
  readFields,
  readTypeAndSize,
  type TarHeader,
} from "./header.js";
import type { PaxRecord } from "./pax.js";
import { sparseMapGoesOn } from "./sparse-map.js";

/** An entry whose header was read. */
export interface WalkedEntry {
  /** What tar makes of it, under the name and the link target that count. */
  readonly entry: LayerEntry;
  readonly header: TarHeader;
  /**
   * The block of the header: a part of the chunk where it came in one chunk, else a copy. It is the listener's only
   * until `entry` returns.
   */
  readonly block: Buffer;
  /** What stood before the header. */
  readonly extended: ExtendedHeaders;
  /** The records of the last global header. */
  readonly globals: readonly PaxRecord[];
  /** Position in the archive at which the entry begins, its extended headers included. */
  readonly from: number;
  /** Position behind the header's block. */
  readonly headerEnd: number;
  /** Bytes of the body, without padding. */
  readonly size: number;
}

/** Is told of the entries in the archive's order. What it throws ends the walk. */
export interface TarListener {
  /** The header of an entry was read. Its body comes next. */
  entry(entry: WalkedEntry): void;
  /** A further block of the sparse map of an entry of GNU tar's type `S`; these come before the body. */
  sparseBlock?(block: Buffer): void;
  /** A piece of the body. It is the listener's only until this returns. */
  body?(piece: Buffer): void;
  /** The body has come whole. */
  end?(): void;
}

export interface WalkOptions {
  /**
   * True for an archive that GNU tar has just written here: its extended headers may be of any size, and checksums of
   * headers are not checked. Default false.
   */
  readonly isOwn?: boolean | undefined;
}

/** A push parser. After it has thrown it is of no further use. */
export interface TarWalk {
  /**
   * Takes the next bytes of the archive, cut anywhere, and keeps none of them.
   * @throws `BAD_ARCHIVE`, `UNSAFE_ENTRY`, `LIMIT_EXCEEDED`, and what the listener throws
   */
  accept(chunk: Buffer): void;
  /** Passes over the rest of the body and its padding, for a caller that goes on reading behind them. */
  skipBody(): void;
  /** How many bytes make the next part whole: the rest of a header, for one. Of no meaning inside a body. */
  readonly wanted: number;
  /** How many bytes were taken or passed over. */
  readonly position: number;
  /**
   * The position up to which whole entries were read, and the body of the last one as far as it has come. The end of
   * the archive is not among them.
   */
  readonly settled: number;
  /** True once the end of the archive was seen: what follows only counts. */
  readonly ended: boolean;
  /**
   * How many zeros would end an archive that ends behind the content of an entry, or has no byte at all: those that fill
   * its last block, and the blocks that mark the end. 0 where there are such blocks, or where zeros would not do.
   */
  missingEnd(): number;
  /**
   * To be called where the archive ends.
   * @throws `BAD_ARCHIVE` if it was cut short, if only between two entries
   */
  finish(): void;
}

/** The longest extended header or long name that is read, in bytes: each is held in memory whole. */
const longestExtended = 1024 * 1024;
/** The same for all that stand before one entry, which tar has only when that is known not to be dropped. */
const longestExtendedTogether = 4 * longestExtended;

/** The body of an extended header, with its padding. */
interface ExtendedPart {
  readonly kind: "extended";
  readonly size: number;
  readonly header: Pick<TarHeader, "type" | "size">;
  readonly range: ByteRange;
}

/** What the next bytes are, if they are not of a body. `size` is theirs. */
type Part =
  | { readonly kind: "header" | "second zeros"; readonly size: typeof blockSize }
  | ExtendedPart
  | { readonly kind: "sparse block"; readonly size: typeof blockSize; readonly bodyBytes: number };

const headerPart: Part = { kind: "header", size: blockSize };
const secondZeros: Part = { kind: "second zeros", size: blockSize };

/** A walk at the beginning of an archive. Memory is that of the extended headers of one entry. */
export function walkTar(listener: TarListener, { isOwn = false }: WalkOptions = {}): TarWalk {
  let position = 0;
  /** Undefined where nothing is read any more. */
  let part: Part | undefined = headerPart;
  /** The beginning of `part`, if a chunk ended inside it. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let extended = noExtendedHeaders;
  let globals: readonly PaxRecord[] = [];
  /** Where the first of the extended headers begins that stand before the next entry. */
  let extendedAt: number | undefined;
  /** What is to come of the body, and of its padding. */
  let body = 0;
  let padding = 0;
  /** Whether the listener was told of the entry whose body this is: of the label of a volume it is not. */
  let isTold = false;
  let name = "";
  let endedAt: number | undefined;

  function accept(chunk: Buffer): void {
    const start = position;
    position += chunk.length;
    for (let at = 0; at < chunk.length && part !== undefined; ) {
      if (body > 0) {
        const piece = chunk.subarray(at, at + body);
        at += piece.length;
        body -= piece.length;
        if (isTold) listener.body?.(piece);
        if (body === 0) endBody();
      } else if (padding > 0) {
        const step = Math.min(padding, chunk.length - at);
        at += step;
        padding -= step;
      } else {
        const missing: number = part.size - heldBytes;
        const piece = chunk.subarray(at, at + missing);
        at += piece.length;
        if (piece.length < missing) hold(piece);
        else takePart(part, heldBytes === 0 ? piece : takeHeld(piece), start + at);
      }
    }
  }

  /** Copies, for the chunk is its owner's to change or to keep. */
  function hold(piece: Buffer): void {
    held.push(Buffer.from(piece));
    heldBytes += piece.length;
  }

  function takeHeld(last: Buffer): Buffer {
    const whole = Buffer.concat([...held, last]);
    held = [];
    heldBytes = 0;
    return whole;
  }

  function takePart(taken: Part, whole: Buffer, end: number): void {
    switch (taken.kind) {
      case "header":
        if (isZeroBlock(whole)) takeEnd(end);
        else takeHeader(whole, end);
        return;
      case "extended":
        if (taken.header.type === "g") globals = readGlobalHeader(taken.header.size, whole);
        else extended = addExtendedHeader(extended, taken.header, whole, taken.range);
        part = headerPart;
        return;
      case "sparse block":
        listener.sparseBlock?.(whole);
        if (!sparseMapGoesOn(whole, "extension")) beginBody(taken.bodyBytes);
        return;
      case "second zeros":
        // Some readers go on behind one block of zeros, some call it an error: an archive must not hide entries there.
        if (!isZeroBlock(whole)) throw bad("the archive goes on behind a block of zeros");
        part = undefined;
    }
  }

  /** GNU tar takes one block of zeros for the end. Others want a second: if there is more, it must be that. */
  function takeEnd(end: number): void {
    if (extended !== noExtendedHeaders) throw bad("the archive ends before the entry of an extended header");
    endedAt = end;
    part = secondZeros;
  }

  function takeHeader(block: Buffer, end: number): void {
    if (!isOwn) assertChecksum(block);
    if (isExtendedHeader(block)) {
      beginExtended(readTypeAndSize(block), end);
      return;
    }
    const header = readFields(block);
    if (header.type === "V") takeLabel(header);
    else takeEntry(header, block, end);
  }

  function beginExtended(header: ExtendedPart["header"], end: number): void {
    extendedAt ??= end - blockSize;
    if (!isOwn && end + header.size - extendedAt > longestExtendedTogether) {
      throw tooMuch(`the extended headers of an entry are larger than ${longestExtendedTogether}`);
    }
    if (!isOwn && header.size > longestExtended) {
      throw tooMuch(`an extended header of ${header.size} bytes is larger than ${longestExtended}`);
    }
    if (header.size === 0) throw bad("an extended header is empty");
    const size = padded(header.size);
    part = { kind: "extended", size, header, range: { from: end - blockSize, to: end + size } };
  }

  /** The label of a volume is not an entry: tar skips it, and as many bytes as its size says. */
  function takeLabel(header: TarHeader): void {
    if (extended !== noExtendedHeaders) throw bad("an extended header stands before a volume label");
    if (hasDotDot(header.name)) throw unsafe(`the volume label ${quoteName(header.name)} holds ".."`);
    name = header.name;
    // A global header may have stood before it.
    extendedAt = undefined;
    beginBody(header.size);
  }

  function takeEntry(header: TarHeader, block: Buffer, end: number): void {
    const before = extended;
    const { pax } = before;
    const from = extendedAt ?? end - blockSize;
    extended = noExtendedHeaders;
    extendedAt = undefined;
    name = pax?.path ?? before.name ?? header.name;
    const entry = describeEntry(header.type, name, pax?.linkPath ?? before.linkName ?? header.linkName);
    if (name === "" && entry.kind !== "directory") throw bad("an entry has no name");
    // Nothing but a file has a body in GNU tar's eyes: other sizes tell of another disk, or of the link's target.
    const size = entry.kind === "file" ? (pax?.size ?? header.size) : 0;
    listener.entry({ entry, header, block, extended: before, globals, from, headerEnd: end, size });
    isTold = true;
    const mapGoesOn = header.type === "S" && sparseMapGoesOn(block, "header");
    if (mapGoesOn) part = { kind: "sparse block", size: blockSize, bodyBytes: size };
    else beginBody(size);
  }

  function beginBody(size: number): void {
    part = headerPart;
    body = size;
    padding = padded(size) - size;
    if (size === 0) endBody();
  }

  function endBody(): void {
    if (isTold) listener.end?.();
    isTold = false;
  }

  function skipBody(): void {
    const hadBody = body > 0;
    position += body + padding;
    body = 0;
    padding = 0;
    if (hadBody) endBody();
  }

  function missingEnd(): number {
    const isBehindContent = body === 0 && heldBytes === 0 && part?.kind === "header";
    if (endedAt !== undefined || !isBehindContent || extended !== noExtendedHeaders) return 0;
    return padding + 2 * blockSize;
  }

  function finish(): void {
    if (endedAt === blockSize && part === secondZeros) {
      throw bad("the archive is cut short: it is but a block of zeros");
    }
    if (endedAt !== undefined) return;
    if (position === 0) throw bad("the archive is empty: it has not even an end-of-archive block");
    if (body + padding > 0) throw bad(`the archive is cut short: it ends inside ${quoteName(name)}`);
    if (heldBytes > 0 || part !== headerPart || extended !== noExtendedHeaders) {
      throw bad("the archive is cut short: it ends inside a header");
    }
    throw bad("the archive is cut short: it has no end-of-archive block");
  }

  return {
    accept,
    skipBody,
    missingEnd,
    finish,
    get wanted() {
      return (part?.size ?? 0) - heldBytes;
    },
    get position() {
      return position;
    },
    get settled() {
      return endedAt === undefined ? (extendedAt ?? position - heldBytes) : endedAt - blockSize;
    },
    get ended() {
      return endedAt !== undefined;
    },
  };
}

function bad(message: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", message);
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
