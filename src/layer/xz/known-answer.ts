// Checks an xz engine: from a fixed sample it must make the bytes that every engine has made so far.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { StevedoreError } from "../../terms/index.js";
import { compressXz, engineCompressor } from "./compress.js";
import type { XzEngine } from "./engine.js";

const settings = { preset: 6, blockSize: 1024 * 1024 } as const;
/** Blocks that are compressed at a time. */
const threads = 2;

/** sha256 of `seq 1 400000 | xz -6 --check=crc64 --block-size=1MiB -T2`: liblzma 5.2.3 and 5.4.1 agree. */
const expected = "f544887fe1071972bd83db3d19389ff080b1e828cdcdc0a7d40e292e17f007ed";

/**
 * The path of an xz of which the tests know that it gives the answer: they start hundreds of workers, each of which
 * would take a second of CPU to find the same. Any other xz is asked. Internal: it may go at any time.
 */
const verifiedVariable = "STEVEDORE_INTERNAL_VERIFIED_XZ";

/**
 * Compresses the sample, which takes about a second, and compares the sha256 with the known one.
 * @throws `INTERNAL` naming the engine and both digests if it is another: its checksums would fit nobody's.
 */
export async function checkKnownAnswer(engine: XzEngine, signal?: AbortSignal | undefined): Promise<void> {
  if (isVerified(engine)) return;
  const hash = createHash("sha256");
  const compressor = engineCompressor(engine, threads);
  for await (const chunk of compressXz(sample(), settings, compressor, signal)) hash.update(chunk);
  const actual = hash.digest("hex");
  if (actual === expected) return;
  throw new StevedoreError(
    "INTERNAL",
    `${engine.name} ${engine.version} does not compress as it must: the sha256 of the sample is ${actual}, ` +
      `not ${expected}`,
  );
}

function isVerified({ name }: XzEngine): boolean {
  const { [verifiedVariable]: verified, PATH = "" } = process.env;
  if (verified === undefined || name !== "xz") return false;
  return (
    PATH.split(delimiter)
      .map((directory) => join(directory, name))
      .find(existsSync) === verified
  );
}

/** The output of `seq 1 400000`. */
async function* sample(): AsyncGenerator<Buffer> {
  const linesPerChunk = 10_000;
  for (let first = 1; first <= 400_000; first += linesPerChunk) {
    yield Buffer.from(Array.from({ length: linesPerChunk }, (_, line) => `${first + line}\n`).join(""));
  }
}
