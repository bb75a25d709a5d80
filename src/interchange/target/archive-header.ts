// Formats the headers of exported archives. Their entries are regular files of root, mode 0644, dated 1970, with ASCII
// paths.
import { Header, type HeaderData } from "tar/header";
import { Pax } from "tar/pax";

/** The length of a tar block, in bytes. */
const blockSize = 512;

/** The length of what `formatFileHeader` returns, in bytes. */
export const fileHeaderBytes = 3 * blockSize;

/** The largest size that a ustar header holds: 11 octal digits. */
const largestSize = 8 * 1024 ** 3 - 1;
/** The length of the name field, in bytes. */
const nameBytes = 100;

/**
 * Formats the header of a file: a pax header with the size, and a ustar header. The pax header is written for small
 * files too, so that the length of both is known before the size is.
 * @param path relative, in ASCII
 * @throws `RangeError` for a path that does not fit into a ustar header, which holds a prefix of 155 characters and a
 * name of 100
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

/** Returns the zeros that fill the last block of a body of this size. */
export function paddingOf(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

function formatBlock({ path, type, size }: { path: string; type: "ExtendedHeader" | "File"; size: number }) {
  const fitsName = path.length <= nameBytes;
  const fields: HeaderData = {
    // `Header` would split a path of 100 characters, though the name field holds it.
    path: fitsName ? path.slice(0, nameBytes - 1) : path,
    type,
    size,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
  };
  const block = Buffer.alloc(blockSize);
  if (new Header(fields).encode(block)) throw new RangeError(`${path} is too long for a ustar header`);
  if (fitsName) block.write(path, "latin1");
  fillNumbers(block);
  return block;
}

/** The offset and length of each field that holds a number, but for the checksum. */
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
 * Rewrites the numbers of a header as GNU tar writes them: zeros in front and a NUL at the end. `Header` ends a number
 * with a space and a NUL, which is valid too, but would change the digests of all exports.
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
