// Checks a block that somebody else compressed: that it is one, and of these bytes.
import { StevedoreError } from "../../terms/index.js";
import { type BlockInput, readXzBlock, type XzBlock } from "./block.js";
import { decompressXzNatively } from "./native-decoder.js";
import { xzStream } from "./stream.js";

/** What decoding a block of any recipe takes is less than this, in bytes: its dictionary, of 8 MiB at most, and some more. */
const memoryLimit = 16 * 1024 * 1024;
/** Bytes that are decoded at a time. They become no more than a block: its header says how much, and liblzma holds to that. */
const sliceBytes = 256 * 1024;

/**
 * Checks that a block has the sizes that its header tells, and that it decodes, with its CRC64, to the input. Whether it
 * is the block that an engine would make of that is not checked.
 * @throws `INTERNAL` or `BAD_ARCHIVE` saying what is wrong with it; `CANCELLED`
 */
export async function checkXzBlock(
  bytes: Buffer,
  { data }: BlockInput,
  signal?: AbortSignal | undefined,
): Promise<XzBlock> {
  const block = readXzBlock(bytes);
  if (block.uncompressedSize !== data.length) {
    throw wrong(`it tells of ${block.uncompressedSize} bytes, and the input has ${data.length}`);
  }
  const alone = (async function* () {
    yield block;
  })();
  let at = 0;
  for await (const chunk of decompressXzNatively(xzStream(alone), { memoryLimit, sliceBytes }, signal)) {
    const isSame = chunk.equals(data.subarray(at, at + chunk.length));
    if (!isSame) throw wrong("it decodes to other bytes than the input's");
    at += chunk.length;
  }
  if (at !== data.length) throw wrong(`it decodes to ${at} bytes, and the input has ${data.length}`);
  return block;
}

/** Whether blocks can be checked on this host: lzma-native has no binary for some. */
export async function canCheckXzBlocks(): Promise<boolean> {
  return await import("lzma-native").then(
    () => true,
    () => false,
  );
}

function wrong(what: string): StevedoreError {
  return new StevedoreError("INTERNAL", `not the block of this input: ${what}`);
}
