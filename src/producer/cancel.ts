// Cancels a job wherever it is: waiting in its queue, running in some process, or a batch with its children.
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
import { failRecord, guardWorker, isScriptError } from "./unreadable/index.js";

/** How often the state of a cancelled job is read, and for how long at most, in ms. Not every end has an event. */
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
 * Requests the end of a job and waits for it, ten seconds at most. A job whose worker died ends when another worker
 * takes it up.
 * @returns whether the job has ended
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
    if (current === "waiting-children") await removeUnbegunChildren(job, access);
    if (["waiting", "prioritized", "delayed"].includes(current)) await failWaiting(id, current, access);
    else await new Promise((resolve) => setTimeout(resolve, interval));
    if (Date.now() > end) return false;
  }
}

/** Removes the request for a job's end once the job has ended: it may be retried, and another job may get its id. */
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
 * Removes the children of a batch that no worker has begun, so that the batch goes on. BullMQ moves a batch on when its
 * last child is removed, except for the run of a schedule: there it takes what follows the last colon for the id. Such a
 * run gets one more child, which ends.
 */
async function removeUnbegunChildren(job: Job, access: CancelAccess): Promise<void> {
  await job.removeUnprocessedChildren();
  const { id = "" } = job;
  if (!id.includes(":")) return;
  const { unprocessed = 0 } = await job.getDependenciesCount({ unprocessed: true });
  if (unprocessed > 0 || (await job.getState()) !== "waiting-children") return;
  // No image's id begins with a dot, so no other child has this id.
  const jobId = `${id.replaceAll(":", ".")}..last`;
  await access.queue.add(job.name, job.data, {
    jobId,
    parent: { id, queue: job.queueQualifiedName },
    ignoreDependencyOnFailure: true,
    removeOnComplete: true,
    removeOnFail: true,
  });
  await failWaiting(jobId, "waiting", access);
}

/**
 * Fails a job that no worker has begun. Only an active job can fail, so it is moved to the front of its queue and taken
 * up here. If a worker is faster, that worker fails it.
 */
async function failWaiting(
  id: string,
  state: JobState | "unknown",
  { queue, redis, url, graphName }: CancelAccess,
): Promise<void> {
  const connection = connectWithRetry(url, keyPrefix(graphName));
  const taker = new Worker(queue.name, null, { connection, prefix: keyPrefix(graphName), autorun: false });
  guardWorker(taker, connection).on("error", () => undefined);
  try {
    const job = await queue.getJob(id);
    if (state === "delayed") await job?.promote().catch(() => undefined);
    await job?.changePriority({ priority: 0, lifo: true });
    const token = randomUUID();
    const taken = await taker.getNextJob(token, { block: false });
    if (taken === undefined) return;
    if (taken.id !== id) await taken.moveToWait(token);
    else await taken.moveToFailed(new UnrecoverableError(cancelledReason(id)), token, false);
  } catch (error) {
    if (!isMissing(error) && !isScriptError(error)) throw error;
    await failRecord(redis, queue, id, cancelledReason(id));
  } finally {
    // Without waiting: it has no job under way.
    await taker.close(true);
    connection.disconnect();
  }
}

/** True for BullMQ's error for a job that has no record (its `ErrorCode.JobNotExist`). */
function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === -1;
}

/** The `failedReason` of a job that was cancelled. */
export function cancelledReason(id: string): string {
  return formatFailedReason("CANCELLED", `the job ${id} was cancelled`);
}
