// Compresses to gzip on several threads, as pigz does: blocks of a fixed size are deflated by themselves, each with the end
// of the one before as its dictionary, and joined at the byte to which a sync flush fills them. The bytes depend on the
// input alone: neither on the number of threads nor on the host.
import { crc32 } from "node:zlib";
import { throwIfAborted } from "../../../terms/index.js";
import { blockBytes, takeDeflateThreads, windowBytes } from "./deflate-threads.js";

/** Magic number, deflate, no flags, no time, no hint, Unix. */
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
/** A last block of deflate that is empty. */
const lastBlock = Buffer.from([3, 0]);

/**
 * Yields `input` as one member of gzip. Chunks of 1 MiB that have their memory for themselves are taken over: they are empty
 * after that.
 * @param threads how many blocks are compressed at the same time
 * @throws the error of `input`; `INTERNAL`, `CANCELLED`
 */
export async function* gzipBlocks(
  input: AsyncIterable<Buffer>,
  threads: number,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  using deflaters = takeDeflateThreads(threads);
  let checksum = 0;
  let size = 0;
  let dictionary: Buffer = Buffer.alloc(0);
  const ahead: Promise<Buffer>[] = [];
  const begin = (block: Buffer) => {
    checksum = crc32(block, checksum);
    size += block.length;
    const before = dictionary;
    // A copy, for the block is given away.
    dictionary = Buffer.from(block.subarray(-windowBytes));
    const made = deflaters.deflate(block, before);
    made.catch(() => undefined);
    ahead.push(made);
  };
  try {
    yield header;
    for await (const block of blocksOf(input)) {
      throwIfAborted(signal);
      begin(block);
      // One for each thread, and one that waits, so that no thread waits for the reader.
      if (ahead.length > 2 * threads) yield (await ahead.shift()) as Buffer;
    }
    for (const made of ahead.splice(0)) yield await made;
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(checksum, 0);
    trailer.writeUInt32LE(size % 2 ** 32, 4);
    yield Buffer.concat([lastBlock, trailer]);
  } finally {
    await Promise.allSettled(ahead);
  }
}

/** Cuts the input into blocks; only the last is shorter. */
async function* blocksOf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let block: Buffer | undefined;
  let filled = 0;
  for await (const chunk of input) {
    // As the tar of a layer that came as one is read.
    if (filled === 0 && chunk.length === blockBytes) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length; ) {
      block ??= Buffer.allocUnsafeSlow(blockBytes);
      const copied = chunk.copy(block, filled, at);
      filled += copied;
      at += copied;
      if (filled < blockBytes) continue;
      yield block;
      block = undefined;
      filled = 0;
    }
  }
  if (block !== undefined) yield block.subarray(0, filled);
}
