// Checks the blob of a layer that the graph has already. It is not unpacked, but a damaged source must not pass.
import { createHash } from "node:crypto";
import { compressionOf, decompress, takeHead } from "../../../layer/index.js";
import { StevedoreError, throwIfAborted } from "../../../terms/index.js";
import type { LayerBlob } from "../source-image.js";
import { assertDecompressed, assertStored, createStoredDigest } from "./blob-digest.js";
import { nameBlob } from "./unpack-blob.js";

/** How a blob is checked. */
export interface CheckBlobOptions {
  /** The largest size of the decompressed blob. */
  readonly maxBytes: number;
  /** Called with the bytes of the blob that were read so far. */
  readonly onProgress: (bytesRead: number) => void;
}

/**
 * Reads a blob and compares its digests with those that the source gives, if it gives any.
 * @throws `SOURCE_MISMATCH` naming the blob; `BAD_ARCHIVE` if it cannot be decompressed, `LIMIT_EXCEEDED`,
 * `TOOL_MISSING`, `CANCELLED`
 */
export async function checkBlob(
  { file, digest, diffId }: LayerBlob,
  { maxBytes, onProgress }: CheckBlobOptions,
  signal: AbortSignal,
): Promise<void> {
  if (digest === undefined && diffId === undefined) return;
  const bytes = await file.open();
  const stored = createStoredDigest(counted(bytes, onProgress));
  try {
    const actual = await digestDecompressed(stored.passing(), maxBytes, signal);
    if (digest !== undefined) assertStored(file, await stored.ofAll(), digest);
    if (diffId !== undefined) assertDecompressed(file, actual, diffId);
  } catch (error) {
    // A blob with a wrong digest is reported as that, whatever else is wrong with it.
    const isMismatch = error instanceof StevedoreError && error.code === "SOURCE_MISMATCH";
    if (digest !== undefined && !isMismatch && !signal.aborted) {
      assertStored(file, await stored.ofAll(), digest);
    }
    throw nameBlob(error, file);
  } finally {
    bytes.destroy();
  }
}

async function digestDecompressed(
  bytes: AsyncGenerator<Buffer>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const { head, input } = await takeHead(bytes);
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of decompress(input, compressionOf(head), signal)) {
    throwIfAborted(signal);
    size += chunk.length;
    if (size > maxBytes) {
      const message = `the archive is larger than ${maxBytes} bytes: --max-layer-bytes raises the limit`;
      throw new StevedoreError("LIMIT_EXCEEDED", message);
    }
    hash.update(chunk);
  }
  return `sha256:${hash.digest("hex")}`;
}

async function* counted(bytes: AsyncIterable<Buffer>, onProgress: (bytesRead: number) => void) {
  let read = 0;
  for await (const chunk of bytes) {
    read += chunk.length;
    onProgress(read);
    yield chunk;
  }
}
