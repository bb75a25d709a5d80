// Reads job records from Redis, in the form in which every front end shows them.
import type { Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { AnyQueueName, CallbackRecord } from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import { callbacksOf } from "./callbacks/index.js";

/** The states a job can be in, as BullMQ names them. */
export const jobStates = [
  "waiting",
  "active",
  "delayed",
  "prioritized",
  "waiting-children",
  "completed",
  "failed",
] as const;
export type JobState = (typeof jobStates)[number];

/**
 * A job's record. Times are in ms since the epoch; null stands for what is not there yet. One that cannot be read has what
 * can be read of it, and an `INVALID_JOB` that says what is wrong.
 */
export interface JobRecord {
  readonly id: string;
  readonly queue: AnyQueueName;
  /** On one line, and bounded. */
  readonly name: string;
  readonly state: JobState | "unknown";
  readonly data: unknown;
  readonly progress: unknown;
  readonly result: unknown;
  readonly failedReason: string | null;
  /** How often it was tried. */
  readonly attempts: number;
  /** 0 if the record does not tell. */
  readonly createdAt: number;
  readonly finishedAt: number | null;
  /** Who is told of its end, and whether they were; a URL without its query. */
  readonly notify: CallbackRecord[];
}

/** How many records are read from Redis at a time. */
const page = 500;

/**
 * Reads a queue's records of one state, page by page, oldest first: those that were in it when the reading began, and have
 * not been removed by their turn.
 */
export async function* readJobRecords(
  { redis, attempt }: FailFastConnection,
  queue: Queue,
  state: JobState,
): AsyncGenerator<JobRecord> {
  // All ids at once: by ranges, each record that is removed meanwhile would move another out of the next range.
  const ids = await attempt(() => readIds(redis, queue, state));
  for (let start = 0; start < ids.length; start += page) {
    const asked = ids.slice(start, start + page);
    const jobs = await attempt(() => Promise.all(asked.map((id) => queue.getJob(id))));
    // A job that was removed since is undefined.
    for (const job of jobs) if (job !== undefined) yield toRecord(job, queue.name as AnyQueueName, state);
  }
}

/** The ids of a queue's jobs in a state, oldest first. */
async function readIds(redis: Redis, queue: Queue, state: JobState): Promise<readonly string[]> {
  // BullMQ keeps these two states in lists (LPUSH), the others in sorted sets.
  if (state !== "waiting" && state !== "active") return redis.zrange(queue.toKey(state), "0", "-1");
  return (await redis.lrange(queue.toKey(state === "waiting" ? "wait" : state), 0, -1)).toReversed();
}

/** Reads the newest records of one state, at most `count` of them, the newest first. */
export async function readNewestRecords(queue: Queue, state: JobState, count: number): Promise<JobRecord[]> {
  if (count < 1) return [];
  const jobs = await queue.getJobs([state], 0, count - 1, false);
  return jobs.flatMap((job) => (job === undefined ? [] : [toRecord(job, queue.name as AnyQueueName, state)]));
}

/** Reads one record; undefined if that queue has no such job. */
export async function readJobRecord(queue: Queue, id: string): Promise<JobRecord | undefined> {
  // The state first: a job that ends in between is then shown as running, not as ended without its result.
  const state = (await queue.getJobState(id)) as JobState | "unknown";
  const job: Job | undefined = await queue.getJob(id);
  return job && toRecord(job, queue.name as AnyQueueName, state);
}

/** The record of a job that was read in this state. */
export function toRecord(job: Job, queue: AnyQueueName, state: JobState | "unknown"): JobRecord {
  return {
    id: job.id ?? "",
    queue,
    name: job.name,
    state,
    data: job.data,
    // BullMQ's own initial progress is 0; ours is an object.
    progress: typeof job.progress === "object" ? job.progress : null,
    result: job.returnvalue ?? null,
    failedReason: job.failedReason ?? null,
    attempts: job.attemptsMade,
    createdAt: job.timestamp,
    finishedAt: job.finishedOn ?? null,
    notify: callbacksOf(job.opts),
  };
}
