// The digest of a blob as it lies in its source, against the one that it was promised to have.
import { createHash } from "node:crypto";
import { mismatch } from "../documents.js";
import type { SourceFile } from "../files/index.js";

/** Hashes bytes that pass by. */
export function createStoredDigest() {
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

/** Reads a blob for its digest alone. */
export async function digestOf(file: SourceFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await file.open()) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

/** @throws `SOURCE_MISMATCH` naming the blob */
export function assertStored({ name }: SourceFile, actual: string, expected: string): void {
  if (actual !== expected) throw mismatch(`the blob ${name}`, actual, expected);
}

/** The same for its bytes once they are decompressed. */
export function assertDecompressed({ name }: SourceFile, actual: string, expected: string): void {
  if (actual !== expected) throw mismatch(`the blob ${name}, decompressed,`, actual, expected);
}
