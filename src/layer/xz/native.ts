// The xz engine inside this process: the liblzma that lzma-native brings.
//
// It drives the coder that lies under lzma-native's stream, and not the stream. The stream cuts its input at each
// "YZ" (a megabyte of them took it 100 s), finishes before its last output has come, and keeps its memory and threads
// when it is destroyed.
import { openTurns } from "../../disk/index.js";
import { throwIfAborted } from "../../terms/index.js";
import type { XzBlock, XzSettings } from "./block.js";
import type { XzEngine } from "./engine.js";
import { blockOf } from "./stream.js";

/** What is used of lzma-native 8; its type declarations leave the coder out. */
interface LzmaNative {
  readonly Stream: new () => Coder;
  readonly CHECK_CRC64: number;
  versionString(): string;
}

interface Coder {
  /** Called per piece of output, with the error if there is one, and last with the number of chunks done. */
  bufferHandler: (output: Buffer | null | undefined, chunksDone?: number, error?: Error | null) => void;
  /** With `threads`, even if it is 1, this is liblzma's encoder of blocks (`lzma_stream_encoder_mt`). */
  easyEncoder(settings: XzSettings & { readonly threads: number; readonly check: number }): void;
  /** Copies the chunk and encodes it on a thread of libuv's pool. null ends the input. */
  code(chunk: Buffer | null, asynchronous: true): void;
  /** Ends the threads and frees the memory. Blocks while `code` runs. */
  resetUnderlying(): void;
}

/** Loads lzma-native. Throws what the loader throws if it has no binary for this host. */
export async function loadNativeXz(): Promise<XzEngine> {
  const { default: lzma } = (await import("lzma-native")) as unknown as { default: LzmaNative };
  const turn = openTurns(Math.max(1, poolSize() - 1));
  return {
    name: "lzma-native",
    version: lzma.versionString(),
    async compress({ data }, settings, signal) {
      using _turn = await turn(signal);
      const block = await compress(lzma, data, settings);
      throwIfAborted(signal);
      return block;
    },
  };
}

/** Once begun it is not interrupted: it takes no longer than a block. */
async function compress(lzma: LzmaNative, data: Buffer, { preset, blockSize }: XzSettings): Promise<XzBlock> {
  const coder = new lzma.Stream();
  try {
    coder.easyEncoder({ preset, blockSize, threads: 1, check: lzma.CHECK_CRC64 });
    const outputs = [...(await code(coder, data)), ...(await code(coder, null))];
    return blockOf(Buffer.concat(outputs));
  } finally {
    // No `code` is running now: each was awaited.
    coder.resetUnderlying();
  }
}

/** The threads of libuv's pool. A block keeps one busy, and reads and writes of files need one too. */
function poolSize(): number {
  return Number(process.env.UV_THREADPOOL_SIZE) || 4;
}

/**
 * Hands the coder a chunk, or null for the end, and returns its output when it is done with that. It returns in a
 * later turn of the event loop, because the coder goes on with its own work after it has called back.
 */
function code(coder: Coder, chunk: Buffer | null): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const outputs: Buffer[] = [];
    coder.bufferHandler = (output, chunksDone, error) => {
      if (error) setImmediate(reject, error);
      else if (output) outputs.push(output);
      else if (chunksDone !== undefined) setImmediate(resolve, outputs);
    };
    coder.code(chunk, true);
  });
}
