// An .xz stream put together from its blocks: a header, the blocks, their index, a footer. (The .xz file format,
// section 2.) Because a block's bytes depend on its own input alone, this gives what `xz -T2` makes of the whole.
import { crc32 } from "node:zlib";
import { StevedoreError } from "../../terms/index.js";
import { readXzBlock, roundUp, type XzBlock } from "./block.js";
import { writeNumber } from "./number.js";

/** The flags of a stream: blocks have a CRC64. */
const flags = Buffer.from([0x00, 0x04]);
const header = Buffer.concat([Buffer.from("\xfd7zXZ\0", "latin1"), flags, crcOf(flags)]);
const footerMagic = Buffer.from("YZ");

/** What the index tells of a block. */
type IndexRecord = Pick<XzBlock, "unpaddedSize" | "uncompressedSize">;

/** Yields the stream of these blocks. Throws what `blocks` throws. */
export async function* xzStream(blocks: AsyncIterable<XzBlock>): AsyncGenerator<Buffer, void, undefined> {
  const records: IndexRecord[] = [];
  yield header;
  for await (const { bytes, unpaddedSize, uncompressedSize } of blocks) {
    records.push({ unpaddedSize, uncompressedSize });
    yield bytes;
  }
  yield endOf(records);
}

/**
 * Takes the block out of a stream of one.
 * @throws `INTERNAL` for a stream that is damaged or has not one block
 */
export function blockOf(stream: Buffer): XzBlock {
  // The index is found by the footer, which tells its size: CRC32, size, flags, magic.
  const indexSize = stream.length < 32 ? 0 : (stream.readUInt32LE(stream.length - 8) + 1) * 4;
  const indexAt = stream.length - 12 - indexSize;
  if (!stream.subarray(0, header.length).equals(header) || indexAt <= header.length) {
    throw new StevedoreError("INTERNAL", "not an xz stream with a block");
  }
  const block = readXzBlock(stream.subarray(header.length, indexAt));
  if (!stream.subarray(indexAt).equals(endOf([block]))) {
    throw new StevedoreError("INTERNAL", "an xz stream whose index does not tell of its one block");
  }
  return block;
}

/** The index and the footer. */
function endOf(records: readonly IndexRecord[]): Buffer {
  const content = Buffer.concat([
    Buffer.from([0]),
    writeNumber(records.length),
    ...records.flatMap(({ unpaddedSize, uncompressedSize }) => [
      writeNumber(unpaddedSize),
      writeNumber(uncompressedSize),
    ]),
  ]);
  const index = Buffer.concat([content, Buffer.alloc(roundUp(content.length) - content.length)]);
  const backwardSize = Buffer.alloc(4);
  backwardSize.writeUInt32LE((index.length + 4) / 4 - 1);
  const told = Buffer.concat([backwardSize, flags]);
  return Buffer.concat([index, crcOf(index), crcOf(told), told, footerMagic]);
}

function crcOf(bytes: Buffer): Buffer {
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(bytes));
  return crc;
}
