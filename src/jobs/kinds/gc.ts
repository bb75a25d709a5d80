// The job `gc`: images that nothing needs leave the graph.
import { z } from "zod";
import { bytes, durationMs, imageId } from "../fields.js";
import { defineJob } from "../job-kind.js";

/** No more removed images are listed, so that the record of a job stays small: a graph may have 100,000. */
export const listedImages = 10_000;

const count = z.int().nonnegative();

const gcData = z.strictObject({
  /** Delete nothing, and tell what would be. */
  dryRun: z.boolean().optional(),
  /** How many of the newest heads that nothing needs stay, by when they came into the graph. */
  keep: count.optional(),
  /** What came into the graph within that many milliseconds stays. */
  olderMs: count.optional(),
});

const gcResult = z.strictObject({
  /** What was removed, children before their parents; at most 10,000 are listed. */
  removed: z.array(z.strictObject({ id: imageId, layerBytes: bytes })).max(listedImages),
  /** How many more were removed than are listed; absent where all are. */
  more: z.int().positive().optional(),
  /** Of all that were removed. */
  layerBytes: bytes,
  /** Files of unfinished checksums in `blocks/` that were removed, not used for a day; absent where there were none. */
  blocks: z.strictObject({ files: count, bytes }).optional(),
  /** How many images stay, each counted for one reason. */
  kept: z.strictObject({
    /** They cannot be loaded. */
    broken: count,
    /** An image that stays has them as its parent. */
    children: count,
    names: count,
    mounts: count,
    /** An import makes or relies on them. */
    imports: count,
    /** They are among the newest, which `keep` asks for. */
    newest: count,
    /** They are not older than `olderMs`. */
    young: count,
    /** They were needed, or gone, when it was their turn. */
    meanwhile: count,
  }),
  dryRun: z.boolean(),
  durationMs,
});

export const gcJob = defineJob({
  name: "gc",
  queue: "store",
  data: gcData,
  result: gcResult,
  subject: [],
  unrepeatable: null,
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: ({ dryRun = false, keep = 0, olderMs = 0 }) =>
    `gc/${keep}/${olderMs}${dryRun ? "/dry-run" : ""}`,
});
