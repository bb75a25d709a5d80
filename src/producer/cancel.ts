// Cancels a job wherever it is: waiting in its queue, running in some process, or a batch with its children.
import { randomUUID } from "node:crypto";
import { type Job, type Queue, type RepeatOptions, UnrecoverableError } from "bullmq";
import type { Redis } from "ioredis";
import {
  type CancellationMessage,
  cancellationKeys,
  cancellationName,
  formatFailedReason,
  JobError,
  notify,
  retention,
} from "../jobs/index.js";
import { registerCallback } from "./callbacks/index.js";
import { type KeptState, stateOf } from "./job-records.js";
import { brokenRecords, failRecord, isScriptError } from "./unreadable/index.js";

/** How often the state of a cancelled job is read, and for how long at most, in ms. Not every end has an event. */
const interval = 100;
const patience = 10_000;
/** For how long a job is locked that is being failed here, in ms: if this process dies, a worker takes it up then. */
const lockDuration = 30_000;

/**
 * Moves a job that no worker has begun to the active ones, and locks it. BullMQ would take up the next job of its queue, and
 * none of a queue that is paused.
 * KEYS: wait, prioritized, delayed, active, the job, its lock; ARGV: its id, the lock's token, its duration in ms.
 */
const takeUpScript = `
if redis.call("LREM", KEYS[1], 1, ARGV[1]) == 0 and redis.call("ZREM", KEYS[2], ARGV[1]) == 0
  and redis.call("ZREM", KEYS[3], ARGV[1]) == 0 then return 0 end
redis.call("LPUSH", KEYS[4], ARGV[1])
redis.call("SET", KEYS[6], ARGV[2], "PX", ARGV[3])
if redis.call("TYPE", KEYS[5]).ok == "hash" then redis.call("HSET", KEYS[5], "delay", 0) end
return 1`;

/** What a cancellation needs of its producer. */
interface CancelAccess {
  readonly queue: Queue;
  readonly redis: Redis;
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
  const state = () => queue.getJobState(id) as Promise<KeptState | "unknown">;
  await assertUnfinished(queue, id, await state());
  const now = Date.now();
  const name = cancellationName({ id, queue: queue.name });
  const message: CancellationMessage = { id: name, isFulfilled: false };
  await redis
    .multi()
    .zremrangebyscore(requests, "-inf", now - retention.failed.age * 1_000)
    .zadd(requests, now, name)
    .publish(channel, JSON.stringify(message))
    .exec();

  for (const end = performance.now() + patience; ; ) {
    const current = await state();
    if (["completed", "failed", "unknown"].includes(current)) {
      await fulfilCancellation(redis, graphName, name);
      return true;
    }
    if (current === "waiting-children") await removeUnbegunChildren(job, access);
    if (!(await failUnbegun(id, access))) await new Promise((resolve) => setTimeout(resolve, interval));
    if (performance.now() > end) return false;
  }
}

/**
 * Removes the request for a job's end once the job has ended: it may be retried, and another job may get its id.
 * @param name what the job is called there, see `cancellationName`
 */
export function fulfilCancellation(redis: Redis, graphName: string, name: string): Promise<void> {
  return fulfilCancellations(redis, graphName, [name]);
}

/** The same for several jobs. */
export async function fulfilCancellations(
  redis: Redis,
  graphName: string,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const { requests, channel } = cancellationKeys(graphName);
  const asked = redis.multi().zrem(requests, ...names);
  for (const id of names) {
    const message: CancellationMessage = { id, isFulfilled: true };
    asked.publish(channel, JSON.stringify(message));
  }
  await asked.exec();
}

async function assertUnfinished(queue: Queue, id: string, state: KeptState | "unknown"): Promise<void> {
  if (state !== "completed" && state !== "failed") return;
  const reason = (await queue.getJob(id))?.failedReason;
  if (stateOf(state, reason) === "cancelled") return;
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
  await releaseScheduledBatch(job, access);
}

/** Moves the run of a schedule on if it is a batch that has lost its last child: see `removeUnbegunChildren`. */
export async function releaseScheduledBatch(job: Job, access: CancelAccess): Promise<void> {
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
  await failUnbegun(jobId, access);
}

/**
 * Fails a job that no worker has begun, also one of a queue that is paused.
 * @returns false for any other job: its worker fails it
 */
async function failUnbegun(id: string, { queue, redis, graphName }: CancelAccess): Promise<boolean> {
  const lists = ["wait", "prioritized", "delayed", "active"].map((name) => queue.toKey(name));
  const keys = [...lists, queue.toKey(id), queue.toKey(`${id}:lock`)];
  const token = randomUUID();
  const isTaken = await redis.eval(takeUpScript, keys.length, ...keys, id, token, lockDuration);
  if (isTaken !== 1) return false;
  try {
    const broken = await brokenRecords(redis, queue, [id]);
    const job = broken.has(id) ? undefined : await queue.getJob(id);
    if (job === undefined) await failRecord(redis, queue, id, cancelledReason(id));
    else await registerOwnCallback(job, { queue, redis, graphName });
    if (job?.repeatJobKey !== undefined) await setNextRun(queue, job, job.repeatJobKey);
    await job?.moveToFailed(new UnrecoverableError(cancelledReason(id)), token, false);
  } catch (error) {
    if (!isMissing(error) && !isScriptError(error)) throw error;
    await failRecord(redis, queue, id, cancelledReason(id));
  }
  return true;
}

/** Workers do so when they take a job up; one that another client enqueued has no other. */
async function registerOwnCallback(job: Job, { queue, redis, graphName }: CancelAccess): Promise<void> {
  const { id = "", opts } = job;
  const { success, data } = notify.safeParse((opts as { readonly notify?: unknown }).notify);
  if (success)
    await registerCallback(redis, graphName, { queue: queue.name, id, key: queue.toKey(id) }, data);
}

/** Sets the next run of a schedule, as BullMQ's workers do when they take a run up. */
async function setNextRun(queue: Queue, { id = "", name, data, opts }: Job, schedule: string): Promise<void> {
  // BullMQ's types leave out what a run has of its schedule.
  const { repeat } = opts as { readonly repeat?: RepeatOptions };
  if (repeat === undefined) return;
  const schedules = await queue.jobScheduler;
  await schedules.upsertJobScheduler(schedule, repeat, name, data, opts, {
    override: false,
    producerId: id,
  });
}

/** True for BullMQ's error for a job that has no record (its `ErrorCode.JobNotExist`). */
function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === -1;
}

/** The `failedReason` of a job that was cancelled. */
export function cancelledReason(id: string): string {
  return formatFailedReason("CANCELLED", `the job ${id} was cancelled`);
}
