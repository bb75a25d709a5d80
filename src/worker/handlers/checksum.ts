// The job `checksum`: returns the stored checksum if there is one, else computes it in one pass over the layer.
import { inodeOf } from "../../disk/index.js";
import { checksumName, type StoredChecksum } from "../../graph/index.js";
import type { CheckedJobData, JobResult } from "../../jobs/index.js";
import { checksumLayer } from "../../layer/index.js";
import { defaultRecipe, isXzRecipe, type RecipeName, recipes, StevedoreError } from "../../terms/index.js";
import { type BlockCounts, DistrustedBlocks, type LayerCompressor } from "../compress/index.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";

export const checksum: Handler<"checksum"> = async (job, host, signal) => {
  const begun = performance.now();
  const { recipe = defaultRecipe, force = false } = job.data;
  const id = await host.graph.resolve(job.data.id);
  const lookForStored = async () => (force ? undefined : await storedChecksum(id, recipe, host));
  const makeIt = () => compute(id, job, host, signal);
  const result = await host.claims.findOrMake(checksumName(recipe, id), lookForStored, makeIt, signal);
  const computed: Computed = "found" in result ? result.found : result.made;
  const { checksum, tarDigest, archiveBytes, layerBytes, blocks } = computed;
  return {
    id,
    recipe,
    checksum,
    tarDigest,
    layerBytes: layerBytes ?? (await host.graph.layerFacts(id)).layerBytes,
    archiveBytes,
    cached: "found" in result,
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

/** The stored checksum, of which nothing is left in `blocks/` then. */
async function storedChecksum(
  id: string,
  recipe: RecipeName,
  { graph, blocks }: WorkerHost,
): Promise<StoredChecksum | undefined> {
  const stored = await graph.storedChecksum(id, recipe);
  if (stored !== undefined) await blocks?.removeStored(recipe, id);
  return stored;
}

async function compute(
  id: string,
  job: JobTry<"checksum">,
  { graph, cpu, compressors, blocks }: WorkerHost,
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
  using kept = isXz ? blocks?.openLayer(recipe, id) : undefined;
  return await graph.withStaging(async (manifestPath) => {
    const computed = await untilTrusted(kept, async (mayOffer) => {
      const offer = mayOffer && isXzRecipe(recipe) ? { recipe, signal } : undefined;
      const made = await checksumLayer(
        {
          recordBytes: image.recordBytes,
          layerDirectory: image.layerDirectory,
          recipe,
          openCompressor() {
            compressor = compressors.open({
              layerBytes,
              urgency,
              kept,
              offer,
              onProgress: progress.compressed,
            });
            return compressor;
          },
          manifestPath,
          onProgress: isXz ? progress.read : progress.both,
        },
        signal,
      );
      await compressor?.checked();
      return made;
    });
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
    const store = () => graph.storeChecksum(id, recipe, entry);
    await (kept === undefined ? store() : kept.removeOnce(store));
    return { ...entry, blocks: isXz ? compressor?.blocks() : undefined };
  });
}

/** How often a layer is begun again with the help of compressors, of which one was found to make wrong blocks. */
const triesWithOthers = 2;

/** Compresses a layer, and again where it has blocks of a compressor that is trusted no more: in the end without any. */
async function untilTrusted<Made>(
  kept: { discard(): Promise<void> } | undefined,
  make: (mayOffer: boolean) => Promise<Made>,
): Promise<Made> {
  for (let tries = 0; ; tries++) {
    try {
      return await make(tries < triesWithOthers);
    } catch (error) {
      if (!(error instanceof DistrustedBlocks)) throw error;
      await kept?.discard();
    }
  }
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
  let hasBegun = false;
  const read = (bytes: number) => {
    total = Math.max(total, bytes);
    // The first block takes seconds.
    if (!hasBegun) report();
    hasBegun = true;
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
