// The records of pax. They override or add to the header of the entry behind them. They are read by their lengths,
// never by lines: a value may hold anything, newlines and whole records included.
import { StevedoreError } from "../../terms/index.js";
import { quoteName } from "./header.js";

/** One record. */
export interface PaxRecord {
  /** A latin1 string. */
  readonly keyword: string;
  readonly value: Buffer;
}

/** What an entry's records say of its name, its target and its body. */
export interface PaxFields {
  /** The name, as a latin1 string. `GNU.sparse.name` wins over `path`. */
  readonly path: string | undefined;
  /** The target of a link, as a latin1 string. */
  readonly linkPath: string | undefined;
  /** Bytes of the body in the archive. */
  readonly size: number | undefined;
  /** Size of the file in bytes, where the body is a sparse map (format 1.0) and the data it maps. */
  readonly sparseSize: number | undefined;
}

/**
 * Reads the records of an extended header, in order: `"%d %s=%s\n", length, keyword, value`, the length in bytes
 * and of the whole record (POSIX.1-2001, pax interchange format).
 * @throws `BAD_ARCHIVE` where the bytes are not exactly such records, one after the other.
 */
export function readPaxRecords(body: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + recordLength(body, at);
    const keywordAt = body.indexOf(0x20, at) + 1;
    const equals = body.indexOf(0x3d, keywordAt);
    if (equals === -1 || equals >= end || body[end - 1] !== 0x0a) throw malformed(at);
    const keyword = body.toString("latin1", keywordAt, equals);
    // GNU tar skips blanks before a keyword and stops at a NUL: it would read another keyword than others do.
    if (keyword === "" || keyword.includes("\0") || /^[ \t]/.test(keyword)) throw malformed(at);
    records.push({ keyword, value: body.subarray(equals + 1, end - 1) });
    at = end;
  }
  return records;
}

/**
 * Takes out of an entry's records what a walk must know. Of several records of a keyword the last one counts, as for
 * GNU tar.
 * @throws `UNSAFE_ENTRY` for a NUL in a name, and for what only old or incremental archives of GNU tar hold
 * (multi-volume, dump directories, sparse formats before 1.0); `BAD_ARCHIVE` for a value that makes no sense.
 */
export function readPaxFields(records: readonly PaxRecord[]): PaxFields {
  let found: Map<string, string> | undefined;
  for (const { keyword, value } of records) {
    if (refused.has(keyword)) {
      throw new StevedoreError("UNSAFE_ENTRY", `the pax record ${keyword} is not accepted`);
    }
    if (!fields.has(keyword)) continue;
    const text = readText(keyword, value);
    // POSIX takes a record back with an empty one; GNU tar 1.34 then takes "." for the name, and others differ.
    if (text === "") throw new StevedoreError("BAD_ARCHIVE", `the pax record ${keyword} is empty`);
    found ??= new Map();
    found.set(keyword, text);
  }
  if (found === undefined) return noPaxFields;
  return {
    path: found.get("GNU.sparse.name") ?? found.get("path"),
    linkPath: found.get("linkpath"),
    size: readInteger(found, "size"),
    sparseSize: readSparseSize(found),
  };
}

/**
 * Checks a global extended header, whose records hold for all entries after it. Records that only describe (a
 * comment, an owner, a time) are accepted.
 * @throws `UNSAFE_ENTRY` for one that belongs to a single entry (its name, size, target, xattrs, …): no archiver writes
 * that, readers differ on what an entry's own records then mean, and GNU tar 1.34 reads past its memory on xattrs.
 */
export function checkGlobalRecords(records: readonly PaxRecord[]): void {
  for (const { keyword } of records) {
    if (fields.has(keyword) || refused.has(keyword) || ofOneEntry.test(keyword)) {
      throw new StevedoreError(
        "UNSAFE_ENTRY",
        `the pax record ${keyword} is not accepted in a global header`,
      );
    }
  }
}

const noPaxFields: PaxFields = {
  path: undefined,
  linkPath: undefined,
  size: undefined,
  sparseSize: undefined,
};

const sparseFields = ["GNU.sparse.name", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.realsize"];
const fields: ReadonlySet<string> = new Set(["path", "linkpath", "size", ...sparseFields]);

/** Keywords that would move GNU tar's reading position, or change what kind of thing an entry is. */
const refused: ReadonlySet<string> = new Set([
  "GNU.sparse.size",
  "GNU.sparse.numblocks",
  "GNU.sparse.offset",
  "GNU.sparse.numbytes",
  "GNU.sparse.map",
  "GNU.dumpdir",
  "GNU.volume.filename",
  "GNU.volume.size",
  "GNU.volume.offset",
]);

/** Keywords of star, libarchive, SELinux and GNU tar that tell of one file. */
const ofOneEntry =
  /^(GNU\.|LIBARCHIVE\.|RHT\.|SCHILY\.(xattr|acl)\.|SCHILY\.(dev|devmajor|devminor|ddev|dino|dir|fflags|filetype|ino|nlink|offset|realsize|tarfiletype|xattr)$)/;

function recordLength(body: Buffer, at: number): number {
  let length = 0;
  let digits = 0;
  for (let byte = body[at]; byte !== 0x20; byte = body[at + digits]) {
    if (byte === undefined || byte < 0x30 || byte > 0x39 || length > body.length) throw malformed(at);
    length = length * 10 + byte - 0x30;
    digits++;
  }
  if (length <= digits || at + length > body.length) throw malformed(at);
  return length;
}

function malformed(at: number): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", `a pax header is malformed at its byte ${at}`);
}

function readText(keyword: string, value: Buffer): string {
  const text = value.toString("latin1");
  if (!text.includes("\0")) return text;
  throw new StevedoreError("UNSAFE_ENTRY", `the pax record ${keyword}=${quoteName(text)} holds a NUL`);
}

function readInteger(found: ReadonlyMap<string, string>, keyword: string): number | undefined {
  const digits = found.get(keyword);
  if (digits === undefined) return undefined;
  const value = /^0*[0-9]{1,16}$/.test(digits) ? Number.parseInt(digits, 10) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new StevedoreError(
    "BAD_ARCHIVE",
    `the pax record ${keyword}=${quoteName(digits)} is not a valid number`,
  );
}

/** The sparse format 1.0 is told by its version and the file's size (GNU tar manual, "Storing Sparse Files"). */
function readSparseSize(found: ReadonlyMap<string, string>): number | undefined {
  if (!sparseFields.some((keyword) => found.has(keyword))) return undefined;
  const size = readInteger(found, "GNU.sparse.realsize");
  const isFormat1 =
    readInteger(found, "GNU.sparse.major") === 1 && readInteger(found, "GNU.sparse.minor") === 0;
  if (isFormat1 && size !== undefined) return size;
  throw new StevedoreError(
    "UNSAFE_ENTRY",
    "the pax records GNU.sparse.* are not those of the sparse format 1.0",
  );
}
