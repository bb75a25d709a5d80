// Reads job records from Redis, in the form in which every front end shows them.
import type { Job, Queue } from "bullmq";
import type { AnyQueueName } from "../jobs/index.js";

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
}

/** How many records are read from Redis at a time. */
const page = 500;

/** Reads a queue's records of one state, page by page, oldest first. */
export async function* readJobRecords(queue: Queue, state: JobState): AsyncGenerator<JobRecord> {
  for (let start = 0; ; start += page) {
    const jobs = await queue.getJobs([state], start, start + page - 1, true);
    // A job that was removed between the listing and the reading is undefined.
    for (const job of jobs) if (job !== undefined) yield toRecord(job, queue.name as AnyQueueName, state);
    if (jobs.length < page) return;
  }
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
  };
}
