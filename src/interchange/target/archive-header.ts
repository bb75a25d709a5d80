// The headers of the archives that exports write: regular files of root's, mode 0644, of the epoch, with ASCII names.
import { Header, type HeaderData } from "tar/header";
import { Pax } from "tar/pax";
import { blockSize } from "../../layer/index.js";

/** The length in bytes of what `formatFileHeader` returns, whatever the file. */
export const fileHeaderBytes = 3 * blockSize;

/** The largest size that a header of ustar holds: 11 octal digits. */
const largestSize = 8 * 1024 ** 3 - 1;
/** The length of the field that holds a path, or its last part. */
const nameBytes = 100;

/**
 * Returns what stands before the body of a file. An extended header of pax gives the size too, whether or not ustar can
 * hold it, so that the length is known before the size is.
 * @param path relative and in ASCII
 * @throws `RangeError` for a path that no header of ustar holds: it is split at a slash into parts of at most 155 and
 * 100 characters
 */
export function formatFileHeader(path: string, size: number): Buffer {
  const records = Buffer.alloc(blockSize);
  const length = records.write(new Pax({ size }).encodeBody(), "latin1");
  return Buffer.concat([
    formatBlock({ path: "PaxHeaders/entry", type: "ExtendedHeader", size: length }),
    records,
    formatBlock({ path, type: "File", size: size > largestSize ? 0 : size }),
  ]);
}

/** The zeros that fill the last block of a body of this size. */
export function paddingOf(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

function formatBlock({ path, type, size }: { path: string; type: "ExtendedHeader" | "File"; size: number }) {
  const fitsName = path.length <= nameBytes;
  const fields: HeaderData = {
    // `Header` splits a path of 100 characters, though the field has room for it.
    path: fitsName ? path.slice(0, nameBytes - 1) : path,
    type,
    size,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
  };
  const block = Buffer.alloc(blockSize);
  if (new Header(fields).encode(block)) throw new RangeError(`${path} is too long for a header of ustar`);
  if (fitsName) block.write(path, "latin1");
  fillNumbers(block);
  return block;
}

/** The fields of a header that hold a number, as offset and length, without the checksum. */
const numberFields = [
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
  [329, 8],
  [337, 8],
] as const;
const checksumField = { offset: 148, length: 8 };

/**
 * Writes the numbers of a header as GNU tar does: all digits that the field has room for, then NUL. `Header` ends them
 * by a space and NUL, and the bytes of exports, which stay the same from version to version, never had that.
 */
function fillNumbers(block: Buffer): void {
  for (const [offset, length] of numberFields) {
    const field = block.subarray(offset, offset + length);
    const digits = field.toString("latin1").replace(/[ \0]+$/, "");
    field.write(`${digits.padStart(length - 1, "0")}\0`, "latin1");
  }
  const { offset, length } = checksumField;
  const field = block.subarray(offset, offset + length).fill(" ");
  const sum = block.reduce((total, byte) => total + byte, 0);
  field.write(`${sum.toString(8).padStart(length - 2, "0")}\0`, "latin1");
}
