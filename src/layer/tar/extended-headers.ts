// The extended headers that stand before an entry's header: the records of pax, and GNU tar's long names.
import { StevedoreError } from "../../terms/index.js";
import { type TarHeader, text } from "./header.js";
import { checkGlobalRecords, type PaxFields, type PaxRecord, readPaxFields, readPaxRecords } from "./pax.js";

/** What the extended headers so far say of the entry that comes next. Names are latin1 strings. */
export interface ExtendedHeaders {
  readonly pax: PaxFields | undefined;
  /** The records of pax that `pax` is read from, and all others. They hold their own bytes. */
  readonly records: readonly PaxRecord[];
  /** GNU tar's long name, where no `path` of pax overrides it. */
  readonly name: string | undefined;
  /** GNU tar's long link target. */
  readonly linkName: string | undefined;
  /** Where these headers lie in the archive, in order. */
  readonly ranges: readonly ByteRange[];
}

/** A part of the archive, from the position of its first byte to that behind its last. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Nothing stands before the entry. */
export const noExtendedHeaders: ExtendedHeaders = {
  pax: undefined,
  records: [],
  name: undefined,
  linkName: undefined,
  ranges: [],
};

/** True for the header of an extended header: `x` and `g` of pax, `X` of Solaris, `L` and `K` of GNU tar. */
export function isExtendedHeader(block: Buffer): boolean {
  return extendedTypes.has(block[156] as number);
}

const extendedTypes: ReadonlySet<number> = new Set(Buffer.from("xXgLK"));

/**
 * Reads one extended header, not a global one, and adds it to those that came before. `body` is what follows its
 * block, padding included; `range` is where both lie.
 * @throws `BAD_ARCHIVE` if it cannot be read, or if it is the second of its kind: readers differ on which of them counts;
 * `UNSAFE_ENTRY` for records that are not accepted
 */
export function addExtendedHeader(
  known: ExtendedHeaders,
  header: Pick<TarHeader, "type" | "size">,
  body: Buffer,
  range: ByteRange,
): ExtendedHeaders {
  const ranges = [...known.ranges, range];
  switch (header.type) {
    // GNU tar reads a long name to its first NUL, even behind the size that the header gives.
    case "L":
      return { ...known, name: once(known.name, text(body, 0, body.length)), ranges };
    case "K":
      return { ...known, linkName: once(known.linkName, text(body, 0, body.length)), ranges };
    default: {
      // Copied: the entry may come in a later chunk.
      const records = readPaxRecords(Buffer.from(body.subarray(0, header.size)));
      return { ...known, pax: once(known.pax, readPaxFields(records)), records, ranges };
    }
  }
}

/**
 * Reads a global extended header: its records hold for all entries behind it, up to the next one.
 * @throws `BAD_ARCHIVE` if it cannot be read, `UNSAFE_ENTRY` for records that are not accepted
 */
export function readGlobalHeader(size: number, body: Buffer): PaxRecord[] {
  const records = readPaxRecords(Buffer.from(body.subarray(0, size)));
  checkGlobalRecords(records);
  return records;
}

function once<Value>(known: Value | undefined, value: Value): Value {
  if (known === undefined) return value;
  throw new StevedoreError("BAD_ARCHIVE", "an entry has two extended headers of a kind");
}
