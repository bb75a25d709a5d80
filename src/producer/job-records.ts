// Reads job records from Redis, in the form in which every front end shows them.
import type { Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type AnyQueueName, type CallbackRecord, isCancelledReason } from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import { callbacksOf } from "./callbacks/index.js";

/** The states in which BullMQ keeps jobs, as it names them. */
export const keptStates = [
  "waiting",
  "active",
  "delayed",
  "prioritized",
  "waiting-children",
  "completed",
  "failed",
] as const;
export type KeptState = (typeof keptStates)[number];

/** The states a job can be in: BullMQ's, but a job that was cancelled has not `failed`. */
export const jobStates = [...keptStates, "cancelled"] as const;
export type JobState = (typeof jobStates)[number];

/** True for a state in which a job stays. */
export function hasEnded({ state }: { readonly state: string }): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** The state in which BullMQ keeps the jobs of a state: it counts those that were cancelled among the failed ones. */
export function keptStateOf(state: JobState): KeptState {
  return state === "cancelled" ? "failed" : state;
}

/** The state of a job that BullMQ keeps in this one. */
export function stateOf<State extends string>(
  kept: State,
  failedReason: string | null | undefined,
): State | "cancelled" {
  return kept === "failed" && isCancelledReason(failedReason ?? "") ? "cancelled" : kept;
}

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
  /** Of a delayed job: when it is due, as the next run of a schedule, or its next try. */
  readonly dueAt: number | null;
  /** When its last try began. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Who is told of its end, and whether they were; a URL without its query. */
  readonly notify: CallbackRecord[];
}

/** How many records are read from Redis at a time. */
const page = 500;

/**
 * Reads a queue's records that BullMQ keeps in one state, page by page, oldest first: those that were in it when the reading
 * began, and have not been removed by their turn.
 * @param sift returns those of some ids that are worth to be read
 */
export async function* readJobRecords(
  { redis, attempt }: FailFastConnection,
  queue: Queue,
  kept: KeptState,
  sift: (ids: readonly string[]) => Promise<readonly string[]> = async (ids) => ids,
): AsyncGenerator<JobRecord> {
  // All ids at once: by ranges, each record that is removed meanwhile would move another out of the next range.
  const ids = await attempt(() => readIds(redis, queue, kept));
  for (let start = 0; start < ids.length; start += page) {
    const asked = ids.slice(start, start + page);
    yield* await attempt(async () => readRecords(redis, queue, kept, await sift(asked)));
  }
}

/** The ids of a queue's jobs in a state, oldest first. */
async function readIds(redis: Redis, queue: Queue, kept: KeptState): Promise<readonly string[]> {
  // BullMQ keeps these two states in lists (LPUSH), the others in sorted sets.
  if (kept !== "waiting" && kept !== "active") return redis.zrange(queue.toKey(kept), "0", "-1");
  return (await redis.lrange(queue.toKey(kept === "waiting" ? "wait" : kept), 0, -1)).toReversed();
}

/** Reads records of one state in the order of their ids; those that were removed meanwhile are left out. */
export async function readRecords(
  redis: Redis,
  queue: Queue,
  kept: KeptState,
  ids: readonly string[],
): Promise<JobRecord[]> {
  const [jobs, dues] = await Promise.all([
    Promise.all(ids.map((id) => queue.getJob(id))),
    Promise.all(ids.map((id) => readDue(redis, queue, kept, id))),
  ]);
  return jobs.flatMap((job, at) => (job === undefined ? [] : [toRecord(job, queue, kept, dues[at] ?? null)]));
}

/** Reads one record; undefined if that queue has no such job. */
export async function readJobRecord(redis: Redis, queue: Queue, id: string): Promise<JobRecord | undefined> {
  // The state first: a job that ends in between is then shown as running, not as ended without its result.
  const kept = (await queue.getJobState(id)) as KeptState | "unknown";
  const due = await readDue(redis, queue, kept, id);
  const job: Job | undefined = await queue.getJob(id);
  return job && toRecord(job, queue, kept, due);
}

/** By how much BullMQ multiplies the time at which a job is due, to have room for an order within a millisecond. */
const dueFactor = 0x1000;

async function readDue(redis: Redis, queue: Queue, kept: string, id: string): Promise<number | null> {
  if (kept !== "delayed") return null;
  const score = await redis.zscore(queue.toKey("delayed"), id);
  return score === null ? null : Math.floor(Number(score) / dueFactor);
}

function toRecord(job: Job, queue: Queue, kept: KeptState | "unknown", dueAt: number | null): JobRecord {
  return {
    id: job.id ?? "",
    queue: queue.name as AnyQueueName,
    name: job.name,
    state: stateOf(kept, job.failedReason),
    data: job.data,
    // BullMQ's own initial progress is 0; ours is an object.
    progress: typeof job.progress === "object" ? job.progress : null,
    result: job.returnvalue ?? null,
    failedReason: job.failedReason ?? null,
    attempts: job.attemptsMade,
    createdAt: job.timestamp,
    dueAt,
    startedAt: job.processedOn ?? null,
    finishedAt: job.finishedOn ?? null,
    notify: callbacksOf(job.opts),
  };
}
