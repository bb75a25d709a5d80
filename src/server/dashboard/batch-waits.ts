// Why nothing of a batch is at work yet, and how many others go first.
import { z } from "zod";
import { isBatch, jobNames } from "../../jobs/index.js";
import { hasEnded, type JobRecord, type Producer } from "../../producer/index.js";

/** Where all batches are, and their children, which share the threads of workers. */
export const batchQueue = "checksum";
/** The names of batches. */
export const batchNames: readonly string[] = jobNames.filter(isBatch);
/** How many batches of each kind are looked at. */
const mostRead = 200;

export const batchWaits = z
  .object({
    for: z
      .enum(["resume", "worker", "turn"])
      .describe("The queue is paused, no worker serves it, or others go first"),
    behind: z.int().nonnegative().describe("Batches that go first"),
  })
  .nullable()
  .describe("Why nothing of the batch is at work yet; null if something is, or it has ended");
type BatchWaits = z.infer<typeof batchWaits>;

/** The newest batches of all kinds, the newest first. */
export async function readBatches(producer: Producer): Promise<JobRecord[]> {
  const ofKinds = await Promise.all(
    batchNames.map((name) => producer.page({ name, queue: batchQueue, limit: mostRead })),
  );
  return ofKinds.flatMap(({ jobs }) => jobs).sort((one, other) => other.createdAt - one.createdAt);
}

/**
 * Why a batch waits; a delayed one waits for its time, which its record tells.
 * @param batches of which some may go first; read if they are not at hand
 */
export async function readBatchWaits(
  job: JobRecord,
  producer: Producer,
  batches?: readonly JobRecord[],
): Promise<BatchWaits> {
  if (hasEnded(job) || job.state === "delayed" || job.state === "active") return null;
  if (job.state === "waiting-children") {
    const children = await producer.children(job.id, { queue: job.queue });
    if (children === undefined || children.active > 0 || children.waiting === 0) return null;
  }
  const [all, paused, workers] = await Promise.all([
    batches ?? readBatches(producer),
    producer.paused(),
    producer.workers(batchQueue),
  ]);
  return {
    for: paused.includes(batchQueue) ? "resume" : workers === 0 ? "worker" : "turn",
    behind: all.filter((other) => !hasEnded(other) && goesBefore(other, job)).length,
  };
}

/** Of two batches the one that has begun goes first, then the older one. */
function goesBefore(one: JobRecord, other: JobRecord): boolean {
  if (one.id === other.id || one.state === "delayed") return false;
  const begun = hasBegun(one);
  return begun === hasBegun(other) ? one.createdAt < other.createdAt : begun;
}

function hasBegun({ state }: JobRecord): boolean {
  return state === "active" || state === "waiting-children";
}
