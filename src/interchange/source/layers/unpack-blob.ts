// Unpacks the blob of a layer into a directory, and checks its digests.
import { Readable } from "node:stream";
import { type CopyUp, type Unpacked, type UnpackLimits, unpack } from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { SourceFile } from "../files/index.js";
import type { LayerBlob } from "../source-image.js";
import { assertDecompressed, assertStored, createStoredDigest, digestOf } from "./blob-digest.js";

/** How a blob is unpacked. */
export interface UnpackBlobOptions {
  readonly limits: UnpackLimits;
  /** Without root, gives all files to the user of this process instead of failing. */
  readonly allowSquash?: boolean | undefined;
  /** As `unpack` takes it. */
  readonly splitPath?: string | undefined;
  /** Brings what hard links of the layer need of those below it. */
  readonly copyUp?: CopyUp | undefined;
  /** Called with the bytes of the blob that were read so far. */
  readonly onProgress?: ((bytesRead: number) => void) | undefined;
}

/**
 * Unpacks a blob into an empty directory and checks its digests in the same pass.
 * @throws `SOURCE_MISMATCH` naming the blob if a digest differs; as `unpack`, naming the blob
 */
export async function unpackBlob(
  { file, digest, diffId, isWhole }: LayerBlob,
  directory: string,
  options: UnpackBlobOptions,
  signal?: AbortSignal | undefined,
): Promise<Unpacked> {
  // Without compression both digests are the same, and `unpack` computes it anyway.
  const isHashed = digest !== undefined && digest !== diffId;
  const bytes = await file.open();
  const stored = isHashed ? createStoredDigest(bytes) : undefined;
  const source = stored === undefined ? bytes : Readable.from(stored.passing(), { objectMode: false });
  // Who waits for bytes of a server that is silent would not be told otherwise.
  const stop = () => void bytes.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  let unpacked: Unpacked;
  try {
    // Another diffID is refused below, whatever it is of.
    const known = { isWhole: diffId === undefined ? isWhole : () => true, reopen: () => file.open() };
    unpacked = await unpack(source, directory, { ...options, ...known }, signal);
    if (digest !== undefined) {
      const isPlain = unpacked.compression === "none";
      const actual = isPlain ? unpacked.diffId : await (stored?.ofAll() ?? digestOf(file));
      assertStored(file, actual, digest);
    }
  } catch (error) {
    // A blob with a wrong digest is reported as that, whatever else is wrong with it.
    if (isOfContent(error) && digest !== undefined) {
      assertStored(file, await (stored?.ofAll() ?? digestOf(file)), digest);
    }
    throw nameBlob(error, file);
  } finally {
    signal?.removeEventListener("abort", stop);
    bytes.destroy();
  }
  if (diffId !== undefined) assertDecompressed(file, unpacked.diffId, diffId);
  return unpacked;
}

function isOfContent(error: unknown): error is StevedoreError {
  const codes = ["BAD_ARCHIVE", "UNSAFE_ENTRY", "LIMIT_EXCEEDED", "ATTRIBUTE_UNSUPPORTED"];
  return error instanceof StevedoreError && codes.includes(error.code);
}

/** Adds the name of the blob to an error about its content: an import has many layers. */
export function nameBlob(error: unknown, { name }: SourceFile): unknown {
  if (!isOfContent(error)) return error;
  return new StevedoreError(error.code, `the blob ${name}: ${error.message}`, { cause: error });
}
