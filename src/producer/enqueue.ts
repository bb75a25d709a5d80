// Puts jobs into their queues, each checked against the contract first.
import {
  type AnyQueueName,
  assertJobSize,
  type CheckedJobData,
  deduplicationId,
  isJobId,
  type JobData,
  JobError,
  type JobName,
  type JobOptions,
  parseJobData,
  parseJobOptions,
  queueOf,
} from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import { type AddedJob, addOrJoin, type CheckedJob } from "./add-or-join.js";
import { registerCallback } from "./callbacks/index.js";
import { enqueueOnce } from "./enqueue-once.js";
import type { GraphQueues } from "./graph-queues.js";

/** A job that stands in its queue. */
export interface EnqueuedJob<Name extends JobName = JobName> {
  readonly id: string;
  readonly name: Name;
  readonly queue: AnyQueueName;
}

/** What there is to say of a job besides its data. */
export interface EnqueueOptions extends JobOptions {
  /** Makes a repeat harmless: a job of that id is not added twice. */
  readonly jobId?: string | undefined;
}

/** A job to enqueue. */
export type NewJob<Name extends JobName = JobName> = Name extends JobName
  ? { readonly name: Name; readonly data: JobData<Name> } & EnqueueOptions
  : never;

export interface Enqueuing {
  /**
   * Enqueues a job, checked against the contract first. A job whose data names a `host` goes to that host's own queue,
   * where it waits for a worker of that host. If the same `checksum` or `verify` already waits or runs, the job joins
   * it, and that one is returned; it is then as urgent as the most urgent of those who asked. A job with a delay joins
   * none, and none joins it.
   * @throws `INVALID_JOB`, `INVALID_ID`, `UNKNOWN_RECIPE`, `LIMIT_EXCEEDED`, `QUEUE_UNAVAILABLE`
   */
  enqueue<Name extends JobName>(
    name: Name,
    data: JobData<Name>,
    options?: EnqueueOptions,
  ): Promise<EnqueuedJob<Name>>;
  /**
   * Enqueues a job under an idempotency key, a text of any length that the caller chose. A repeat with the same key and
   * the same data returns the first job, whether it has ended or not, for as long as its record is kept.
   * @throws `INVALID_JOB` for a key that was used for another job; what `enqueue` throws
   */
  enqueueOnce<Name extends JobName>(
    key: string,
    name: Name,
    data: JobData<Name>,
    options?: JobOptions,
  ): Promise<EnqueuedJob<Name>>;
  /**
   * Enqueues many jobs in few round trips, and returns them in the order given. If one of them breaks the contract,
   * none is enqueued.
   * @throws what `enqueue` throws
   */
  enqueueAll(jobs: readonly NewJob[]): Promise<EnqueuedJob[]>;
}

/** How many jobs go to Redis in one round trip. */
const bulk = 1_000;

/** @param maxJobBytes of a job's data as JSON, if not the default */
export function openEnqueuing(
  connection: FailFastConnection,
  queues: GraphQueues,
  graphName: string,
  maxJobBytes: number | undefined,
): Enqueuing {
  const { redis } = connection;
  /** Enqueues jobs of one queue; returns the id that each has, or of the one that it has joined. */
  const enqueueOn = async (queue: AnyQueueName, jobs: readonly CheckedJob[]): Promise<string[]> => {
    await queues.announce(queue);
    const added = await connection.attempt(() => addOrJoin(queues.of(queue), redis, jobs));
    return Promise.all(
      jobs.map(async (job, at) => {
        const { id, isOwn } = added[at] as AddedJob;
        const isThere = await register(queue, id, job);
        if (isThere || isOwn) return id;
        // The job that was joined has ended, and its record is gone: there is none to join any more.
        const [again = ""] = await enqueueOn(queue, [job]);
        return again;
      }),
    );
  };
  /** @returns false if the job's record is gone */
  const register = async (queue: AnyQueueName, id: string, { opts: { notify } }: CheckedJob) => {
    if (notify === undefined) return true;
    const job = { queue, id, key: queues.of(queue).toKey(id) };
    return connection.attempt(() => registerCallback(redis, graphName, job, notify));
  };
  const enqueue = async (job: NewJob): Promise<EnqueuedJob> => {
    const checked = checkJob(job, maxJobBytes);
    const [id = ""] = await enqueueOn(checked.queue, [checked]);
    return { id, name: checked.name, queue: checked.queue };
  };

  return {
    async enqueue<Name extends JobName>(
      name: Name,
      data: JobData<Name>,
      { jobId, ...options }: EnqueueOptions = {},
    ) {
      const job = { name, data, ...options, ...(jobId === undefined ? {} : { jobId }) } as NewJob;
      return { ...(await enqueue(job)), name };
    },
    async enqueueOnce(key, name, data, options = {}) {
      const job = checkJob({ name, data, ...options } as NewJob, maxJobBytes);
      const { data: checked, queue } = job;
      const id = await connection.attempt(() =>
        enqueueOnce(key, name, checked as CheckedJobData<typeof name>, {
          redis,
          graphName,
          has: async (jobId) => (await redis.exists(queues.of(queue).toKey(jobId))) === 1,
          enqueue: async (jobId) => (await enqueue({ name, data, ...options, jobId } as NewJob)).id,
        }),
      );
      // The job may have been there already.
      await register(queue, id, job);
      return { id, name, queue };
    },
    async enqueueAll(jobs) {
      const checked = jobs.map((job) => checkJob(job, maxJobBytes));
      const enqueued: EnqueuedJob[] = new Array(jobs.length);
      const byQueue = new Map<AnyQueueName, { job: CheckedJob; at: number }[]>();
      for (const [at, job] of checked.entries()) {
        const ofQueue = byQueue.get(job.queue);
        if (ofQueue === undefined) byQueue.set(job.queue, [{ job, at }]);
        else ofQueue.push({ job, at });
      }
      const enqueueAllOn = async ([queue, ofQueue]: Parameters<typeof byQueue.set>) => {
        for (let start = 0; start < ofQueue.length; start += bulk) {
          const chunk = ofQueue.slice(start, start + bulk);
          const ids = await enqueueOn(
            queue,
            chunk.map(({ job }) => job),
          );
          for (const [index, { job, at }] of chunk.entries()) {
            enqueued[at] = { id: ids[index] ?? "", name: job.name, queue };
          }
        }
      };
      await Promise.all([...byQueue].map(enqueueAllOn));
      return enqueued;
    },
  };
}

/** @throws what `enqueue` throws of a job that is wrong */
function checkJob({ name, data, jobId, ...options }: NewJob, maxJobBytes: number | undefined): CheckedJob {
  const { priority = 0, delayMs = 0, notify } = parseJobOptions(options);
  if (jobId !== undefined && !isJobId(jobId)) {
    throw new JobError(
      "INVALID_JOB",
      `${JSON.stringify(jobId)} is not a valid job id: use A-Z a-z 0-9 _ . -, not only digits and no word of BullMQ's own`,
    );
  }
  const checked = parseJobData(name, data);
  assertJobSize(name, checked, maxJobBytes);
  return {
    ...{ name, queue: queueOf(name, checked), data: checked, jobId },
    // Whoever asks for the same now does not want to wait for one that is due next week.
    same: delayMs > 0 ? undefined : deduplicationId(name, checked),
    opts: {
      ...(priority > 0 ? { priority } : {}),
      ...(delayMs > 0 ? { delay: delayMs } : {}),
      ...(notify === undefined ? {} : { notify }),
    },
  };
}
