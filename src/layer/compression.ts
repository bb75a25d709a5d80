// How an archive is compressed, told by its first bytes and never by its name.
import { type Compression, StevedoreError } from "../terms/index.js";
import { blockSize, hasValidChecksum, isZeroBlock } from "./tar/index.js";

export type { Compression };

/** Bytes of an archive's beginning that `detectCompression` wants to see: two blocks of a tar. */
export const headBytes = 2 * blockSize;

/**
 * Tells by the first `headBytes` bytes of an archive (all of it where it is shorter) how it is compressed.
 * Undefined: neither a tar nor compressed by anything known.
 *
 * Magic numbers: RFC 1952 (gzip), RFC 8878 (zstd, and its skippable frames, with which pzstd begins), the
 * .xz file format 1.2.0; bzip2's is `BZh1`..`BZh9` and then pi or its square root in BCD. A tar is looked for
 * first, for its first bytes are a file name and may spell any of them.
 */
export function detectCompression(head: Buffer): Compression | undefined {
  const block = head.subarray(0, blockSize);
  if (block.length === blockSize && !isZeroBlock(block) && hasValidChecksum(block)) return "none";
  const bytes = head.toString("latin1");
  if (bytes.startsWith("\x1f\x8b")) return "gzip";
  if (/^BZh[1-9]$/.test(bytes.slice(0, 4)) && bzip2Blocks.includes(bytes.slice(4, 10))) return "bzip2";
  if (bytes.startsWith("\xfd7zXZ\0")) return "xz";
  if (isZstd(head)) return "zstd";
  // A damaged tar is still a tar: what is wrong with it is for the inspector to say.
  if (bytes.startsWith("ustar", 257)) return "none";
  return isEndOfArchive(head) ? "none" : undefined;
}

/** The same. @throws `BAD_ARCHIVE` for what is not known */
export function compressionOf(head: Buffer): Compression {
  const compression = detectCompression(head);
  if (compression !== undefined) return compression;
  throw new StevedoreError(
    "BAD_ARCHIVE",
    head.length === 0
      ? "the archive is empty: it has 0 bytes"
      : "not a tar archive, nor one compressed by gzip, bzip2, xz or zstd",
  );
}

/** What follows `BZh9`: a first block, or the end of an empty stream. */
const bzip2Blocks = ["1AY&SY", "\x17rE8P\x90"];

function isZstd(head: Buffer): boolean {
  if (head.length < 4) return false;
  const magic = head.readUInt32LE(0);
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}

/** An archive without entries begins with its end: two blocks of zeros. */
function isEndOfArchive(head: Buffer): boolean {
  return (
    head.length >= headBytes &&
    isZeroBlock(head.subarray(0, blockSize)) &&
    isZeroBlock(head.subarray(blockSize, headBytes))
  );
}
