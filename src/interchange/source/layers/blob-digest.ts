// Computes the digests of blobs, and compares them with those that the source gives.
import { createHash } from "node:crypto";
import { mismatch } from "../documents.js";
import type { SourceFile } from "../files/index.js";

/** Makes a digest of the stored bytes of a blob, computed while something else reads them. */
export function createStoredDigest() {
  const hash = createHash("sha256");
  let isWhole = false;
  return {
    /** Passes the bytes on and hashes them. */
    async *passing(bytes: AsyncIterable<Buffer>) {
      for await (const chunk of bytes) {
        hash.update(chunk);
        yield chunk;
      }
      isWhole = true;
    },
    /** Undefined if not all bytes were read: a decompressor may stop before the end of the blob. */
    digest: () => (isWhole ? `sha256:${hash.digest("hex")}` : undefined),
  };
}

/** Reads a blob and returns its digest. */
export async function digestOf(file: SourceFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await file.open()) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

/** Compares the digest of the stored bytes. @throws `SOURCE_MISMATCH` naming the blob */
export function assertStored({ name }: SourceFile, actual: string, expected: string): void {
  if (actual !== expected) throw mismatch(`the blob ${name}`, actual, expected);
}

/** Compares the digest of the decompressed bytes. @throws `SOURCE_MISMATCH` naming the blob */
export function assertDecompressed({ name }: SourceFile, actual: string, expected: string): void {
  if (actual !== expected) throw mismatch(`the blob ${name}, decompressed,`, actual, expected);
}
