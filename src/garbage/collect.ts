// Collects garbage. All of it is planned at once, then deleted some images at a time; before its deletion each image is
// checked once more, under the locks of those who could need it.

import { openAges } from "../disk/index.js";
import { type Graph, type OldBlocks, removeOldBlocks } from "../graph/index.js";
import type { Mounts } from "../mount/index.js";
import { StevedoreError, throwIfAborted } from "../terms/index.js";
import { type KeptImages, planCollection } from "./plan.js";
import { surveyGraph } from "./survey.js";

/** How many are checked and deleted under one lock: many enough to be cheap, few enough that nobody waits long for it. */
const batchSizes = { first: 64, most: 512 };
/** In ms: a batch that took less is followed by one of twice its size, one that took more than twice that by one of half of it. */
const batchTime = 500;

export interface GarbageOptions {
  /** Deletes nothing, and tells what would be. Default false. */
  readonly dryRun?: boolean | undefined;
  /** How many of the newest heads that nothing needs stay, by when they came into the graph. Default 0. */
  readonly keep?: number | undefined;
  /** What came into the graph within that many ms stays. Default 0. */
  readonly olderMs?: number | undefined;
}

/** What a collection did, or would do. */
export interface Collected {
  /** How many images were deleted, and the bytes of their layers. */
  readonly images: number;
  readonly layerBytes: number;
  /** Blocks of unfinished checksums that were not used for a day, and what lies with them. */
  readonly blocks: OldBlocks;
  /** What stays, and why; `meanwhile` is what was garbage when it was looked for, and was needed when it was its turn. */
  readonly kept: KeptImages & { readonly meanwhile: number };
}

/** An image that was deleted. */
export interface RemovedImage {
  readonly id: string;
  readonly layerBytes: number;
}

/**
 * Deletes the images that nothing needs: heads without a name, a mount or an import, then those that become such heads.
 * Broken images are never garbage. It may be interrupted at any point: what is left is a whole graph.
 * @param onRemoved called for each deleted image, children before their parents, with the number of all that are planned
 * @throws `IMAGE_BROKEN` if the names cannot be read, `IMAGE_IN_USE` if a mount's record cannot; `CANCELLED`; `NO_SPACE`,
 * `NEEDS_ROOT`, `INTERNAL`
 */
export async function collectGarbage(
  graph: Graph,
  mounts: Mounts,
  { dryRun = false, keep = 0, olderMs = 0 }: GarbageOptions,
  onRemoved: (image: RemovedImage, planned: number) => void,
  signal?: AbortSignal | undefined,
): Promise<Collected> {
  const survey = await surveyGraph(graph, mounts, signal);
  // Without an age everything is old enough, whatever the clocks say.
  const ageOf = olderMs === 0 ? () => Number.POSITIVE_INFINITY : openAges(graph.root, graph.host);
  const isOldEnough = (arrivedAt: number) => ageOf(arrivedAt) > olderMs;
  const { garbage, kept } = planCollection(survey, { keep, isOldEnough });
  let [images, layerBytes] = [0, 0];
  let size = batchSizes.first;
  for (let begin = 0, end = 0; begin < garbage.length; begin = end) {
    throwIfAborted(signal);
    end = begin + size;
    const begun = performance.now();
    const sizes = await sizesOf(graph, garbage.slice(begin, end), signal);
    const removed = dryRun ? [...sizes.keys()] : await mounts.deleteUnneeded([...sizes.keys()], signal);
    for (const id of removed) {
      images += 1;
      layerBytes += sizes.get(id) ?? 0;
      onRemoved({ id, layerBytes: sizes.get(id) ?? 0 }, garbage.length);
    }
    size = nextSize(size, performance.now() - begun);
  }
  const blocks = await removeOldBlocks(graph.root, dryRun, signal);
  return { images, layerBytes, blocks, kept: { ...kept, meanwhile: garbage.length - images } };
}

function nextSize(size: number, tookMs: number): number {
  if (tookMs < batchTime) return Math.min(2 * size, batchSizes.most);
  return tookMs > 2 * batchTime ? Math.max(Math.ceil(size / 2), batchSizes.first) : size;
}

/** The bytes of layers, by id; an image that has left the graph since is left out. */
async function sizesOf(
  graph: Graph,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const id of ids) {
    try {
      sizes.set(id, (await graph.layerFacts(id, signal, "never")).layerBytes);
    } catch (error) {
      const isGone =
        error instanceof StevedoreError && ["IMAGE_NOT_FOUND", "IMAGE_BROKEN"].includes(error.code);
      if (!isGone) throw error;
    }
  }
  return sizes;
}
