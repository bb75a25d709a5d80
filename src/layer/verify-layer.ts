// Compares a layer with the tar digests that are stored of it, at the speed of the disk.
import { canonicalTar } from "./canonical-tar.js";
import { digestTar } from "./checksum.js";
import { type Comparison, compareManifest } from "./compare-manifest.js";
import { readSteadily } from "./steady-read.js";

export interface VerifyRequest {
  readonly layerDirectory: string;
  /** The stored tar digests, at least one, whatever their recipes: the layer must have them all. */
  readonly expected: readonly string[];
  /** Where the layer's manifest lies, if it is to tell what differs. */
  readonly manifestPath?: string | undefined;
  /** Told how many bytes of the canonical tar have been read so far, each time anew where it is read again. */
  readonly onProgress?: ((tarBytesDone: number) => void) | undefined;
}

export interface Verdict {
  readonly ok: boolean;
  /** A stored tar digest that the layer does not have; where it has them all, that one. */
  readonly expected: string;
  /** The tar digest that the layer has. */
  readonly actual: string;
  /** What differs; undefined if nobody asked, or if no manifest of `expected` can be read. */
  readonly comparison?: Comparison | undefined;
}

/**
 * Reads a layer and compares its tar digest. Where they differ because the layer changed meanwhile, it is read again,
 * three times in all.
 * @throws `CHECKSUM_MISMATCH` if the layer changed each time; `INTERNAL` if it cannot be read; `TOOL_MISSING`,
 * `CANCELLED`
 */
export async function verifyLayer(
  request: VerifyRequest,
  signal?: AbortSignal | undefined,
): Promise<Verdict> {
  const verdict = await readSteadily(
    request.layerDirectory,
    () => readOnce(request, signal),
    async ({ ok }, hasChanged) => ok || !(await hasChanged()),
    signal,
  );
  return verdict.ok ? verdict : await explain(verdict, request, signal);
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
