// Checks an xz engine: from fixed samples it must make the bytes that every engine has made so far.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { StevedoreError } from "../../terms/index.js";
import { compressXz, engineCompressor } from "./compress.js";
import type { XzEngine } from "./engine.js";

/** What an engine has to make of the output of `seq 1 LINES`. */
interface KnownAnswer {
  readonly lines: number;
  readonly blockSize: number;
  /** sha256 of `seq 1 LINES | xz -6 --check=crc64 --block-size=SIZE -T2`: liblzma 5.2.3 and 5.4.1 agree. */
  readonly expected: string;
}

/** Large blocks and small ones, which an engine may compress in another way. */
const knownAnswers: readonly KnownAnswer[] = [
  {
    lines: 10_000,
    blockSize: 16 * 1024,
    expected: "a48cbbab35c17a9c7aa926682586b52cf300735d00a7839a502ce5b163c2ef35",
  },
  {
    lines: 400_000,
    blockSize: 1024 * 1024,
    expected: "f544887fe1071972bd83db3d19389ff080b1e828cdcdc0a7d40e292e17f007ed",
  },
];
const preset = 6;
/** Blocks that are compressed at a time. */
const threads = 2;

/**
 * The path of an xz of which the tests know that it gives the answer: they start hundreds of workers, each of which
 * would take a second of CPU to find the same. Any other xz is asked. Internal: it may go at any time.
 */
const verifiedVariable = "STEVEDORE_INTERNAL_VERIFIED_XZ";

/**
 * Compresses the samples, which takes about a second, and compares the sha256 of each with the known one.
 * @throws `INTERNAL` naming the engine and both digests if one is another: its checksums would fit nobody's.
 */
export async function checkKnownAnswer(engine: XzEngine, signal?: AbortSignal | undefined): Promise<void> {
  if (isVerified(engine)) return;
  for (const { lines, blockSize, expected } of knownAnswers) {
    const hash = createHash("sha256");
    const settings = { preset, blockSize };
    const compressed = compressXz(sample(lines), settings, engineCompressor(engine, threads), signal);
    for await (const chunk of compressed) hash.update(chunk);
    const actual = hash.digest("hex");
    if (actual === expected) continue;
    throw new StevedoreError(
      "INTERNAL",
      `${engine.name} ${engine.version} does not compress as it must: the sha256 of the sample is ${actual}, ` +
        `not ${expected}`,
    );
  }
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

/** The output of `seq 1 LINES`, a multiple of 10,000. */
async function* sample(lines: number): AsyncGenerator<Buffer> {
  const linesPerChunk = 10_000;
  for (let first = 1; first <= lines; first += linesPerChunk) {
    yield Buffer.from(Array.from({ length: linesPerChunk }, (_, line) => `${first + line}\n`).join(""));
  }
}
