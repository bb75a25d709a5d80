// The canonical tar has zeros in the device fields of all entries but devices, as GNU tar up to 1.34 writes them. Later
// versions leave these fields empty: here they are filled.
import { blockSize } from "./header.js";
import { walkTar } from "./walk.js";

/** Where `devmajor` and `devminor` lie in a header block, and the checksum (POSIX ustar). */
const deviceFields = { start: 329, end: 345 } as const;
const checksumField = { start: 148, end: 156 } as const;
/** Both fields as octal zeros, and what they add to the sum of the bytes. */
const zeros = Buffer.from("0000000\x000000000\0", "latin1");
const zerosSum = zeros.reduce((sum, byte) => sum + byte, 0);

/**
 * Passes on an archive that GNU tar writes in its posix format, with the empty device fields filled. Fields that are
 * filled stay as they are, and so do extended headers, where every GNU tar leaves the fields empty. Changes the
 * chunks that it is given.
 * @throws `BAD_ARCHIVE` for any other archive
 */
export async function* fillDeviceFields(
  archive: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const walk = walkTar(
    { entry: ({ entry, block }) => entry.kind !== "device" && fill(block) },
    { isOwn: true },
  );
  for await (const blocks of inBlocks(archive)) {
    // No header is in two of these chunks, so what is given of it is the chunk's own bytes.
    walk.accept(blocks);
    yield blocks;
  }
}

/** The same bytes in chunks of whole blocks, but for the last one. */
async function* inBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  /** The beginning of a block. */
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const missing = rest.length === 0 ? 0 : blockSize - rest.length;
    if (missing > 0) rest = Buffer.concat([rest, chunk.subarray(0, missing)]);
    if (chunk.length < missing) continue;
    if (missing > 0) yield rest;
    const end = chunk.length - ((chunk.length - missing) % blockSize);
    rest = chunk.subarray(end);
    if (end > missing) yield chunk.subarray(missing, end);
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
