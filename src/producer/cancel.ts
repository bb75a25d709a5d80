// Ends a job wherever it is: in its queue, at work in whatever process, or a batch with its children.
import { randomUUID } from "node:crypto";
import { type Job, type Queue, UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import {
  type CancellationMessage,
  cancellationKeys,
  formatFailedReason,
  JobError,
  keyPrefix,
  parseFailedReason,
  retention,
} from "../jobs/index.js";
import { connectWithRetry } from "../redis/index.js";
import type { JobState } from "./job-records.js";

/** How often a job that has to end is looked at, in ms, for all that has no event; and for how long at most. */
const interval = 100;
const patience = 10_000;

/** What a cancellation needs of its producer. */
interface CancelAccess {
  readonly queue: Queue;
  readonly redis: Redis;
  readonly url: string;
  readonly graphName: string;
}

/**
 * Asks for the end of a job and waits for it, ten seconds at most: a job whose worker died ends when another takes it up.
 * @returns whether it has ended
 * @throws `INVALID_JOB` for a job that had ended before, other than by being cancelled
 */
export async function cancelJob(job: Job, access: CancelAccess): Promise<boolean> {
  const { queue, redis, graphName } = access;
  const id = job.id ?? "";
  const { requests, channel } = cancellationKeys(graphName);
  const state = () => queue.getJobState(id) as Promise<JobState | "unknown">;
  await assertUnfinished(queue, id, await state());
  const now = Date.now();
  const message: CancellationMessage = { id, isFulfilled: false };
  await redis
    .multi()
    .zremrangebyscore(requests, "-inf", now - retention.failed.age * 1_000)
    .zadd(requests, now, id)
    .publish(channel, JSON.stringify(message))
    .exec();

  for (const end = now + patience; ; ) {
    const current = await state();
    if (["completed", "failed", "unknown"].includes(current)) {
      await fulfilCancellation(redis, graphName, id);
      return true;
    }
    if (current === "waiting-children") await takeBackChildren(job, access);
    if (["waiting", "prioritized", "delayed"].includes(current)) await endWaiting(id, current, access);
    else await new Promise((resolve) => setTimeout(resolve, interval));
    if (Date.now() > end) return false;
  }
}

/** Takes the request for a job's end back once that has come: it may be tried anew, and another may get its id. */
export async function fulfilCancellation(redis: Redis, graphName: string, id: string): Promise<void> {
  const { requests, channel } = cancellationKeys(graphName);
  const message: CancellationMessage = { id, isFulfilled: true };
  await redis.multi().zrem(requests, id).publish(channel, JSON.stringify(message)).exec();
}

async function assertUnfinished(queue: Queue, id: string, state: JobState | "unknown"): Promise<void> {
  if (state !== "completed" && state !== "failed") return;
  const reason = (await queue.getJob(id))?.failedReason;
  if (state === "failed" && parseFailedReason(reason ?? "").code === "CANCELLED") return;
  throw new JobError("INVALID_JOB", `the job ${id} cannot be cancelled: it has ${state} already`, {
    jobId: id,
  });
}

/**
 * Takes back the children of a batch that no worker has begun, so that it goes on. With the last of them BullMQ moves the
 * batch on, but not the run of a schedule: it takes what comes after the last colon for the id. A child that ends does.
 */
async function takeBackChildren(job: Job, access: CancelAccess): Promise<void> {
  await job.removeUnprocessedChildren();
  const { id = "" } = job;
  if (!id.includes(":")) return;
  const { unprocessed = 0 } = await job.getDependenciesCount({ unprocessed: true });
  if (unprocessed > 0 || (await job.getState()) !== "waiting-children") return;
  // No image's id begins with a dot, so no child has this one.
  const jobId = `${id.replaceAll(":", ".")}..last`;
  await access.queue.add(job.name, job.data, {
    jobId,
    parent: { id, queue: job.queueQualifiedName },
    ignoreDependencyOnFailure: true,
    removeOnComplete: true,
    removeOnFail: true,
  });
  await endWaiting(jobId, "waiting", access);
}

/**
 * Fails a job that no worker has begun. Only what is at work can fail, so it is put first in its queue and taken up
 * here. A worker that is faster fails it as well.
 */
async function endWaiting(
  id: string,
  state: JobState | "unknown",
  { queue, url, graphName }: CancelAccess,
): Promise<void> {
  const connection = connectWithRetry(url, keyPrefix(graphName));
  const lane = new Worker(queue.name, null, { connection, prefix: keyPrefix(graphName), autorun: false });
  lane.on("error", () => undefined);
  try {
    const job = await queue.getJob(id);
    if (state === "delayed") await job?.promote().catch(() => undefined);
    await job?.changePriority({ priority: 0, lifo: true });
    const token = randomUUID();
    const taken = await lane.getNextJob(token, { block: false });
    if (taken === undefined) return;
    if (taken.id !== id) await taken.moveToWait(token);
    else await taken.moveToFailed(new UnrecoverableError(cancelledReason(id)), token, false);
  } finally {
    // Nothing of it is under way.
    await lane.close(true);
    connection.disconnect();
  }
}

/** The `failedReason` of a job that was cancelled. */
export function cancelledReason(id: string): string {
  return formatFailedReason("CANCELLED", `the job ${id} was cancelled`);
}
