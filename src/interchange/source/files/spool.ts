// Writes a stream to a file, so that it can be read in any order.
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { ioError } from "../../../disk/index.js";
import { StevedoreError, throwIfAborted } from "../../../terms/index.js";

/** How a stream is written to a file. */
interface SpoolOptions {
  /** The subject of error messages, such as "the download". */
  readonly what: string;
  readonly maxBytes: number;
  /** Called with the bytes that were written so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Writes a stream to a path that must not exist yet.
 * @throws `LIMIT_EXCEEDED`, `NO_SPACE`, `CANCELLED`; what `chunks` throws
 */
export async function spool(
  chunks: AsyncIterable<Buffer>,
  path: string,
  { what, maxBytes, onProgress }: SpoolOptions,
  signal?: AbortSignal | undefined,
): Promise<void> {
  async function* bounded() {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new StevedoreError(
          "LIMIT_EXCEEDED",
          `${what} is larger than ${maxBytes} bytes: --max-import-bytes raises the limit`,
        );
      }
      onProgress?.(bytes);
      yield chunk;
    }
  }
  try {
    await pipeline(bounded(), createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal });
  } catch (error) {
    throwIfAborted(signal);
    throw ioError(error, `${what} cannot be written to staging`);
  }
}
