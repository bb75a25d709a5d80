// Writes what cannot be read here and there to a file where it can.
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { ioError } from "../../../disk/index.js";
import { StevedoreError, throwIfAborted } from "../../../terms/index.js";

export interface Spooling {
  /** Begins the messages, such as "the download". */
  readonly what: string;
  readonly maxBytes: number;
  /** Told of the bytes that have come so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Writes a stream to a path where nothing is.
 * @throws `LIMIT_EXCEEDED`, `NO_SPACE`, `CANCELLED`; what `chunks` throws
 */
export async function spool(
  chunks: AsyncIterable<Buffer>,
  path: string,
  { what, maxBytes, onProgress }: Spooling,
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
