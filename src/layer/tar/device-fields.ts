// GNU tar 1.35 and later leave the device numbers empty in the header of what is no device; its forerunners
// write zeros. The canonical tar has the zeros, whichever tar wrote it: here they are put in.

import { blockSize, isZeroBlock } from "./header.js";
import { readPaxRecords } from "./pax.js";

/** Where `devmajor` and `devminor` lie in a header block, and the checksum (POSIX ustar). */
const deviceFields = { start: 329, end: 345 } as const;
const checksumField = { start: 148, end: 156 } as const;
/** Both fields as octal zeros, as GNU tar up to 1.34 writes them, and what that adds to the sum of the bytes. */
const zeros = Buffer.from("0000000\x000000000\0", "latin1");
const zerosSum = zeros.reduce((sum, byte) => sum + byte, 0);

/** Types that keep their fields: extended headers, where every GNU tar leaves them empty, and devices. */
const kept = new Set(["x", "g", "3", "4"]);
/** Types whose size field counts blocks that follow. */
const withBody = new Set(["x", "g", "0", "7"]);

/**
 * Passes on an archive of GNU tar's posix format with the empty device fields filled in; one that has them already
 * comes out as it was. Changes the chunks it is given.
 */
export async function* fillDeviceFields(
  archive: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let rest = Buffer.alloc(0);
  /** Bytes of a body that are to come, padding included. */
  let body = 0;
  /** The body of an extended header, as far as it has come. */
  let extended: Buffer[] | undefined;
  let extendedSize = 0;
  /** The size that an extended header gives the next entry. */
  let size: number | undefined;

  for await (const chunk of archive) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      if (body > 0) {
        const step = Math.min(body, bytes.length - at);
        // Copied, for the chunk is handed on.
        extended?.push(Buffer.from(bytes.subarray(at, at + step)));
        body -= step;
        at += step;
        if (body === 0 && extended !== undefined) {
          size = sizeIn(Buffer.concat(extended).subarray(0, extendedSize));
          extended = undefined;
        }
        continue;
      }
      if (bytes.length - at < blockSize) break;
      const block = bytes.subarray(at, at + blockSize);
      at += blockSize;
      if (isZeroBlock(block)) continue;
      const type = String.fromCharCode(block[156] as number);
      if (!kept.has(type)) fill(block);
      const own = Number.parseInt(block.toString("latin1", 124, 135), 8);
      const bodyBytes = withBody.has(type) ? (size ?? own) : 0;
      body = Math.ceil(bodyBytes / blockSize) * blockSize;
      size = undefined;
      if (type !== "x") continue;
      extended = [];
      extendedSize = own;
    }
    rest = Buffer.from(bytes.subarray(at));
    if (at > 0) yield bytes.subarray(0, at);
  }
  if (rest.length > 0) yield rest;
}

function fill(block: Buffer): void {
  for (let at = deviceFields.start; at < deviceFields.end; at++) if (block[at] !== 0) return;
  const { start, end } = checksumField;
  const sum = Number.parseInt(block.toString("latin1", start, end), 8) + zerosSum;
  zeros.copy(block, deviceFields.start);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, start, "latin1");
}

/** The size an extended header gives, if it does: of files that are too large for the header's own field. */
function sizeIn(body: Buffer): number | undefined {
  const record = readPaxRecords(body).find(({ keyword }) => keyword === "size");
  return record === undefined ? undefined : Number(record.value.toString("latin1"));
}
