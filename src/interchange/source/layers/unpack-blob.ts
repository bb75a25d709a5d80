// A layer of a source becomes a directory, if it is what the source says it is.
import { Readable } from "node:stream";
import { type Unpacked, type UnpackLimits, unpack } from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { SourceFile } from "../files/index.js";
import type { LayerBlob } from "../source-image.js";
import { assertDecompressed, assertStored, createStoredDigest, digestOf } from "./blob-digest.js";

export interface UnpackBlobOptions {
  readonly limits: UnpackLimits;
  readonly allowSquash?: boolean | undefined;
  /** Told of the bytes of the blob that were read so far. */
  readonly onProgress?: ((bytesRead: number) => void) | undefined;
}

/**
 * Unpacks a blob into an empty directory and checks its digests on the way.
 * @throws `SOURCE_MISMATCH` naming the blob if a digest is another; as `unpack`, naming the blob
 */
export async function unpackBlob(
  { file, digest, diffId }: LayerBlob,
  directory: string,
  options: UnpackBlobOptions,
  signal?: AbortSignal | undefined,
): Promise<Unpacked> {
  // Of what is not compressed the two are one, which is computed anyway.
  const isHashed = digest !== undefined && digest !== diffId;
  const stored = createStoredDigest();
  const bytes = await file.open();
  const source = isHashed ? Readable.from(stored.passing(bytes), { objectMode: false }) : bytes;
  let unpacked: Unpacked;
  try {
    unpacked = await unpack(source, directory, { ...options, mayLackEnd: diffId !== undefined }, signal);
  } catch (error) {
    // What is wrong with a blob that is not the promised one is that.
    if (isOfContent(error) && digest !== undefined) assertStored(file, await digestOf(file), digest);
    throw nameBlob(error, file);
  } finally {
    bytes.destroy();
  }
  if (digest !== undefined) {
    const isPlain = unpacked.compression === "none";
    const actual = isPlain ? unpacked.diffId : (stored.digest() ?? (await digestOf(file)));
    assertStored(file, actual, digest);
  }
  if (diffId !== undefined) assertDecompressed(file, unpacked.diffId, diffId);
  return unpacked;
}

function isOfContent(error: unknown): error is StevedoreError {
  return (
    error instanceof StevedoreError && ["BAD_ARCHIVE", "UNSAFE_ENTRY", "LIMIT_EXCEEDED"].includes(error.code)
  );
}

/** An import has many layers: its error tells of which it is. */
export function nameBlob(error: unknown, { name }: SourceFile): unknown {
  if (!isOfContent(error)) return error;
  return new StevedoreError(error.code, `the blob ${name}: ${error.message}`, { cause: error });
}
