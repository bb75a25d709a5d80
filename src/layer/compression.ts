// How an archive is compressed, told by its first bytes and never by its name, and what decompresses it. One more
// compression is a row here, its name in terms, and its program in host.
import { type Tool, tools } from "../host/index.js";
import { type Compression, compressions, StevedoreError } from "../terms/index.js";
import { decompressBy, decompressXz, gunzip } from "./decompress.js";
import { blockSize, hasValidChecksum, isZeroBlock } from "./tar/index.js";

/** A program of the host that decompresses its stdin to its stdout. */
interface Program {
  readonly tool: Tool;
  readonly args: readonly string[];
}

/** A compression that is known. */
interface Row {
  /** Whether an archive begins so. @param text the same bytes in latin1 */
  readonly isMagic: (head: Buffer, text: string) => boolean;
  readonly by:
    | Program
    | ((input: AsyncIterable<Buffer>, signal: AbortSignal | undefined) => AsyncIterable<Buffer>);
}

/**
 * Magic numbers: RFC 1952 (gzip), RFC 8878 (zstd, and its skippable frames, with which pzstd begins), the .xz file
 * format 1.2.0; bzip2's is `BZh1`..`BZh9` and then pi or its square root in BCD.
 */
const rows: Readonly<Record<Exclude<Compression, "none">, Row>> = {
  gzip: {
    isMagic: (_, text) => text.startsWith("\x1f\x8b"),
    by: gunzip,
  },
  bzip2: {
    isMagic: (_, text) => /^BZh[1-9]$/.test(text.slice(0, 4)) && bzip2Blocks.includes(text.slice(4, 10)),
    by: { tool: tools.bzip2, args: ["-dc"] },
  },
  xz: {
    isMagic: (_, text) => text.startsWith("\xfd7zXZ\0"),
    by: decompressXz,
  },
  zstd: {
    isMagic: (head) => head.length >= 4 && isZstdMagic(head.readUInt32LE(0)),
    by: { tool: tools.zstd, args: ["-dcq"] },
  },
};

/** What follows `BZh9`: a first block, or the end of an empty stream. */
const bzip2Blocks = ["1AY&SY", "\x17rE8P\x90"];

function isZstdMagic(magic: number): boolean {
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}

/** How many bytes of an archive's beginning `detectCompression` wants to see: two blocks of a tar. */
export const headBytes = 2 * blockSize;

/**
 * Tells by the first `headBytes` bytes of an archive (all of it where it is shorter) how it is compressed. Undefined:
 * neither a tar nor compressed by anything known.
 */
export function detectCompression(head: Buffer): Compression | undefined {
  // A tar is looked for first: its first bytes are a file's name, and may spell any magic number.
  const block = head.subarray(0, blockSize);
  if (block.length === blockSize && !isZeroBlock(block) && hasValidChecksum(block)) return "none";
  const text = head.toString("latin1");
  const found = compressions.find((name) => name !== "none" && rows[name].isMagic(head, text));
  if (found !== undefined) return found;
  // A damaged tar is still a tar: what is wrong with it is for the inspector to say.
  if (text.startsWith("ustar", 257)) return "none";
  return isEndOfArchive(head) ? "none" : undefined;
}

/** The same. @throws `BAD_ARCHIVE` for what is not known */
export function compressionOf(head: Buffer): Compression {
  const compression = detectCompression(head);
  if (compression !== undefined) return compression;
  const names = compressions.filter((name) => name !== "none");
  throw new StevedoreError(
    "BAD_ARCHIVE",
    head.length === 0
      ? "the archive is empty: it has 0 bytes"
      : `not a tar archive, nor one compressed by ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`,
  );
}

/**
 * Decompresses `input`, whose `StevedoreError`s pass through as they are. Nothing is read ahead of the reader but
 * what the pipes hold. Ending the iteration early ends the programs too.
 * @throws `BAD_ARCHIVE` for a damaged or truncated stream, with the decompressor's words; `TOOL_MISSING`,
 * `CANCELLED`.
 */
export function decompress(
  input: AsyncIterable<Buffer>,
  compression: Compression,
  signal?: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  if (compression === "none") return input;
  const { by } = rows[compression];
  return typeof by === "function" ? by(input, signal) : decompressBy(by.tool, by.args, input, signal);
}

/** The compressions that a program of the host has to be installed for. */
export function neededDecompressors(): { readonly compression: string; readonly tool: Tool }[] {
  return Object.entries(rows).flatMap(([compression, { by }]) =>
    typeof by === "function" ? [] : [{ compression, tool: by.tool }],
  );
}

/** An archive without entries begins with its end: two blocks of zeros. */
function isEndOfArchive(head: Buffer): boolean {
  return (
    head.length >= headBytes &&
    isZeroBlock(head.subarray(0, blockSize)) &&
    isZeroBlock(head.subarray(blockSize, headBytes))
  );
}
