// Decompresses xz inside this process, by the liblzma that lzma-native brings. Like the encoder it drives the coder
// under lzma-native's stream: the stream cuts its input at each "YZ", and a hostile archive can consist of these.
import { StevedoreError, throwIfAborted } from "../../terms/index.js";

/** What is used of lzma-native 8; its type declarations leave the coder out. */
interface LzmaNative {
  readonly Stream: new () => Decoder;
}

interface Decoder {
  /** Called per piece of output, with the error if there is one, and last with the number of chunks done. */
  bufferHandler: (output: Buffer | null | undefined, chunksDone?: number, error?: Error | null) => void;
  /** liblzma's `lzma_stream_decoder`. */
  streamDecoder_(memoryLimit: number, flags: number): void;
  /** Copies the chunk and decodes it on a thread of libuv's pool. null ends the input. */
  code(chunk: Buffer | null, asynchronous: true): void;
  /** Frees the memory. Blocks while `code` runs. */
  resetUnderlying(): void;
}

/** liblzma's LZMA_CONCATENATED: streams may follow one another, with padding between them, as xz reads them. */
const concatenated = 0x08;

/** How a stream is decoded. */
interface DecoderOptions {
  /** Bytes the decoder may take. */
  readonly memoryLimit: number;
  /**
   * Bytes that are decoded at a time. The decoder gives all that they become at once, up to 7,000 times as much, whether
   * or not somebody reads it. Larger slices take less time. Default: 4 KiB.
   */
  readonly sliceBytes?: number | undefined;
}

const usualSlice = 4 * 1024;

/**
 * Decompresses `input`, whose errors pass through as they are.
 * @throws `BAD_ARCHIVE` for a damaged or truncated stream or one that takes more memory; `CANCELLED`, at the latest
 * when the slice under way is done.
 */
export async function* decompressXzNatively(
  input: AsyncIterable<Buffer>,
  { memoryLimit, sliceBytes = usualSlice }: DecoderOptions,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const { default: lzma } = (await import("lzma-native")) as unknown as { default: LzmaNative };
  const decoder = new lzma.Stream();
  try {
    decoder.streamDecoder_(memoryLimit, concatenated);
    for await (const chunk of input) {
      for (let at = 0; at < chunk.length; at += sliceBytes) {
        throwIfAborted(signal);
        yield* await decode(decoder, chunk.subarray(at, at + sliceBytes));
      }
    }
    yield* await decode(decoder, null);
  } finally {
    // No `code` is running now: each was awaited.
    decoder.resetUnderlying();
  }
}

/** Hands the decoder a slice, or null for the end, and returns its output when it is done with that. */
function decode(decoder: Decoder, piece: Buffer | null): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const outputs: Buffer[] = [];
    decoder.bufferHandler = (output, chunksDone, error) => {
      if (error) reject(new StevedoreError("BAD_ARCHIVE", `xz: ${error.message}`, { cause: error }));
      else if (output) outputs.push(output);
      else if (chunksDone !== undefined) resolve(outputs);
    };
    decoder.code(piece, true);
  });
}
