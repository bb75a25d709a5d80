// The job `checksum`: returns the stored checksum if there is one, else computes it in one pass over the layer.
import { inodeOf } from "../../disk/index.js";
import type { StoredChecksum } from "../../graph/index.js";
import type { CheckedJobData, JobResult } from "../../jobs/index.js";
import { checksumLayer } from "../../layer/index.js";
import { defaultRecipe, recipes, StevedoreError } from "../../terms/index.js";
import type { BlockCounts, LayerCompressor } from "../compress/index.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";

export const checksum: Handler<"checksum"> = async (job, host, signal) => {
  const begun = performance.now();
  const { recipe = defaultRecipe, force = false } = job.data;
  const id = await host.graph.resolve(job.data.id);
  const stored = force ? undefined : await storedOrAwaited(id, recipe, host);
  const { checksum, tarDigest, archiveBytes, layerBytes, blocks }: Computed =
    stored ?? (await computeOnce(id, job, host, signal));
  return {
    id,
    recipe,
    checksum,
    tarDigest,
    layerBytes: layerBytes ?? (await host.graph.layerFacts(id)).layerBytes,
    archiveBytes,
    cached: stored !== undefined,
    ...(blocks === undefined ? {} : { blocks }),
    durationMs: Math.round(performance.now() - begun),
  };
};

/** The result for an image whose stored checksum one look at the disk finds; undefined tells nothing. */
export function checksumAtHand(
  { id, recipe = defaultRecipe, force = false }: CheckedJobData<"checksum">,
  { graph }: WorkerHost,
): JobResult<"checksum"> | undefined {
  const begun = performance.now();
  const stored = force ? undefined : graph.checksumAtHand(id, recipe);
  if (stored === undefined || stored.layerBytes === null) return undefined;
  const { checksum, tarDigest, layerBytes, archiveBytes } = stored;
  const durationMs = Math.round(performance.now() - begun);
  return { id, recipe, checksum, tarDigest, layerBytes, archiveBytes, cached: true, durationMs };
}

/** The stored checksum; waits for one that is being computed. */
async function storedOrAwaited(
  id: string,
  recipe: string,
  { graph, computing }: WorkerHost,
): Promise<StoredChecksum | undefined> {
  for (;;) {
    const stored = await graph.storedChecksum(id, recipe);
    const other = computing.get(`${id}/${recipe}`);
    if (stored !== undefined || other === undefined) return stored;
    await other.catch(() => undefined);
  }
}

/** Computes a checksum, registered in `computing` so that other jobs wait for it. */
async function computeOnce(
  id: string,
  job: JobTry<"checksum">,
  host: WorkerHost,
  signal: AbortSignal,
): Promise<Computed> {
  const { computing } = host;
  const key = `${id}/${job.data.recipe ?? defaultRecipe}`;
  const computation = compute(id, job, host, signal);
  computing.set(key, computation);
  try {
    return await computation;
  } finally {
    if (computing.get(key) === computation) computing.delete(key);
  }
}

async function compute(
  id: string,
  job: JobTry<"checksum">,
  { graph, cpu, compressors }: WorkerHost,
  signal: AbortSignal,
): Promise<Computed> {
  const { recipe = defaultRecipe } = job.data;
  const { layerBytes } = await graph.layerFacts(id, signal);
  const { urgency } = job;
  const isXz = recipes[recipe].archiver === "tar | xz";
  // The blocks of an xz recipe take a thread each; bsdtar compresses by itself.
  using _thread = isXz ? undefined : await cpu.takeOne({ urgency, remaining: () => layerBytes }, signal);
  const image = await graph.get(id);
  const inode = inodeOf(image.layerDirectory);
  const progress = trackProgress(job, layerBytes);
  let compressor: LayerCompressor | undefined;
  return await graph.withStaging(async (manifestPath) => {
    const computed = await checksumLayer(
      {
        recordBytes: image.recordBytes,
        layerDirectory: image.layerDirectory,
        recipe,
        openCompressor() {
          compressor = compressors.open({ layerBytes, urgency, onProgress: progress.compressed });
          return compressor;
        },
        manifestPath,
        onProgress: isXz ? progress.read : progress.both,
      },
      signal,
    );
    const entry: StoredChecksum = {
      checksum: computed.checksum,
      tarDigest: computed.tarDigest,
      layerBytes,
      archiveBytes: computed.archiveBytes,
      computedAt: new Date().toISOString(),
    };
    const now = await graph.get(id);
    if (inodeOf(now.layerDirectory) !== inode || !now.recordBytes.equals(image.recordBytes)) {
      // INTERNAL, so that the job is retried with the image that is there now.
      throw new StevedoreError("INTERNAL", `the image ${id} became another while its checksum was computed`);
    }
    // In this order, so that a stored tar digest always has its manifest.
    await graph.storeManifest(id, manifestPath);
    await graph.storeChecksum(id, recipe, entry);
    return { ...entry, blocks: isXz ? compressor?.blocks() : undefined };
  });
}

/** A checksum that was computed here. */
interface Computed extends StoredChecksum {
  readonly blocks?: BlockCounts | undefined;
}

/**
 * Reports how many bytes of a layer are compressed: that takes longer than to read them. The total is what was read where
 * that is more than was expected, so that it is reached at the end and not before. A layer that is read again is reported
 * once it is further than before.
 */
function trackProgress(job: JobTry<"checksum">, layerBytes: number) {
  let total = layerBytes;
  let done = 0;
  const report = () => job.report({ phase: "checksum", done, total, unit: "bytes" });
  const read = (bytes: number) => {
    total = Math.max(total, bytes);
  };
  const compressed = (bytes: number) => {
    if (bytes <= done) return;
    done = bytes;
    report();
  };
  return {
    read,
    compressed,
    both(bytes: number) {
      read(bytes);
      compressed(bytes);
    },
  };
}
