// Computes the digests of blobs, and compares them with those that the source gives.
import { createHash } from "node:crypto";
import { mismatch } from "../documents.js";
import type { SourceFile } from "../files/index.js";

/** The digest of the stored bytes of a blob, computed while something else reads them. */
export interface StoredDigest {
  /** Passes the bytes on and hashes them. Whoever reads may stop before the end. */
  passing(): AsyncGenerator<Buffer, void, undefined>;
  /** Reads what was not read, and returns the digest: a decompressor may have stopped before the end, or failed. */
  ofAll(): Promise<string>;
}

/** Makes the digest of bytes that are read once. Who reads them does not end them: that is left to whoever opened them. */
export function createStoredDigest(bytes: AsyncIterable<Buffer>): StoredDigest {
  const hash = createHash("sha256");
  const chunks = bytes[Symbol.asyncIterator]();
  let reading: Promise<Buffer | undefined> = Promise.resolve(undefined);
  let isWhole = false;
  const read = async (): Promise<Buffer | undefined> => {
    const next = await chunks.next();
    isWhole = next.done === true;
    if (next.done) return undefined;
    hash.update(next.value);
    return next.value;
  };
  return {
    async *passing() {
      for (;;) {
        reading = read();
        const chunk = await reading;
        if (chunk === undefined) return;
        yield chunk;
      }
    },
    async ofAll() {
      // What reads may have been stopped in the middle of that.
      await reading;
      while (!isWhole) await read();
      return `sha256:${hash.digest("hex")}`;
    },
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
