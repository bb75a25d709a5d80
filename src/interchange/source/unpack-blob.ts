// A layer of a source becomes a directory, if it is what the source says it is.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { StevedoreError } from "../../error.js";
import { type Unpacked, type UnpackLimits, unpack } from "../../layer/index.js";
import { mismatch } from "./documents.js";
import type { SourceFile } from "./files.js";
import type { LayerBlob } from "./source-image.js";

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
    if (isOfContent(error) && digest !== undefined) await assertDigest(file, digest);
    throw nameBlob(error, file);
  } finally {
    bytes.destroy();
  }
  if (digest !== undefined) {
    const isPlain = unpacked.compression === "none";
    const actual = isPlain ? unpacked.diffId : (stored.digest() ?? (await digestOf(file)));
    if (actual !== digest) throw mismatch(`the blob ${file.name}`, actual, digest);
  }
  if (diffId !== undefined && unpacked.diffId !== diffId) {
    throw mismatch(`the blob ${file.name}, decompressed,`, unpacked.diffId, diffId);
  }
  return unpacked;
}

/** Hashes bytes that pass by. */
function createStoredDigest() {
  const hash = createHash("sha256");
  let isWhole = false;
  return {
    async *passing(bytes: AsyncIterable<Buffer>) {
      for await (const chunk of bytes) {
        hash.update(chunk);
        yield chunk;
      }
      isWhole = true;
    },
    /** Undefined if not all of them came by: a decompressor may leave what stands behind its end. */
    digest: () => (isWhole ? `sha256:${hash.digest("hex")}` : undefined),
  };
}

async function assertDigest(file: SourceFile, expected: string): Promise<void> {
  const actual = await digestOf(file);
  if (actual !== expected) throw mismatch(`the blob ${file.name}`, actual, expected);
}

async function digestOf(file: SourceFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await file.open()) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

function isOfContent(error: unknown): error is StevedoreError {
  return (
    error instanceof StevedoreError && ["BAD_ARCHIVE", "UNSAFE_ENTRY", "LIMIT_EXCEEDED"].includes(error.code)
  );
}

/** An import has many layers: its error tells of which it is. */
function nameBlob(error: unknown, { name }: SourceFile): unknown {
  if (!isOfContent(error)) return error;
  return new StevedoreError(error.code, `the blob ${name}: ${error.message}`, { cause: error });
}
