// Holds a layer against the tar digests that were stored of it, at the speed of the disk.
import { StevedoreError } from "../error.js";
import { findRecords } from "../host/find.js";
import { exitCodeOf } from "../host/run.js";
import { canonicalTar } from "./canonical-tar.js";
import { digestTar } from "./checksum.js";
import { type Comparison, compareManifest } from "./compare-manifest.js";

export interface VerifyRequest {
  readonly layerDirectory: string;
  /** The tar digests that are stored, by whichever recipes: all of them must be the layer's. At least one. */
  readonly expected: readonly string[];
  /** Where the layer's manifest lies, if a mismatch is to be explained by it. */
  readonly manifestPath?: string | undefined;
  /** Told how many bytes of the canonical tar have been read so far, each time anew where it is read again. */
  readonly onProgress?: ((tarBytesDone: number) => void) | undefined;
}

export interface Verdict {
  readonly ok: boolean;
  /** The stored tar digest that the layer has not, or else the one it has. */
  readonly expected: string;
  /** The layer's tar digest as it is. */
  readonly actual: string;
  /** What differs; undefined if that was not asked for or no manifest of `expected` can be read. */
  readonly comparison?: Comparison | undefined;
}

/** How often a layer that changes while it is read is read. */
const reads = 3;
/** The kernel's time of a change may be that much behind the clock, in ms: a tick of the slowest timer, and some. */
const tick = 20;

/**
 * Reads a layer and compares its tar digest. One that changed meanwhile is read again, three times in all; what
 * changed without tar's notice is then taken as it is.
 * @throws `CHECKSUM_MISMATCH` if tar said each time that the layer changed; `INTERNAL` if it cannot be read;
 * `TOOL_MISSING`, `CANCELLED`
 */
export async function verifyLayer(
  request: VerifyRequest,
  signal?: AbortSignal | undefined,
): Promise<Verdict> {
  const { layerDirectory } = request;
  for (let read = 1; ; read++) {
    const begun = Date.now() - tick;
    try {
      const verdict = await readOnce(request, signal);
      if (verdict.ok || read === reads || !(await hasChangedSince(layerDirectory, begun, signal))) {
        return verdict.ok ? verdict : await explain(verdict, request, signal);
      }
    } catch (error) {
      if (!saysChanged(error)) throw error;
      if (read < reads) continue;
      throw new StevedoreError(
        "CHECKSUM_MISMATCH",
        `the layer ${layerDirectory} changes while it is read: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
}

async function readOnce(
  { layerDirectory, expected, onProgress }: VerifyRequest,
  signal: AbortSignal | undefined,
): Promise<Verdict> {
  const { tarDigest: actual } = await digestTar(canonicalTar(layerDirectory, signal), onProgress);
  const other = expected.find((digest) => digest !== actual);
  return { ok: other === undefined, expected: other ?? actual, actual };
}

async function explain(
  verdict: Verdict,
  { manifestPath, layerDirectory, onProgress }: VerifyRequest,
  signal: AbortSignal | undefined,
): Promise<Verdict> {
  if (manifestPath === undefined) return verdict;
  const request = { manifestPath, tarDigest: verdict.expected, layerDirectory, onProgress };
  return { ...verdict, comparison: await compareManifest(request, signal) };
}

/** GNU tar exits with 1 if a file changed, shrank or went while it was read, and with 2 for what it cannot do. */
function saysChanged(error: unknown): boolean {
  return exitCodeOf(error) === 1;
}

/**
 * True if anything in the layer, names, content or attributes, was changed since then. Nobody can set back that time
 * of an inode (its ctime), as `touch` sets back the other.
 */
async function hasChangedSince(
  layerDirectory: string,
  time: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const newer = ["-ignore_readdir_race", "-newerct", `@${(time / 1000).toFixed(3)}`];
  let changed = false;
  for await (const records of findRecords([layerDirectory], newer, "", signal))
    changed ||= records.length > 0;
  return changed;
}
