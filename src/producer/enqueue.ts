// Puts jobs into their queues, each checked against the contract first.
import type { AnyQueueName, CheckedJobData, JobData, JobName, JobOptions } from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import {
  type AddedJob,
  addOrJoin,
  type CheckedJob,
  checkJob,
  type EnqueueOptions,
  type NewJob,
} from "./add/index.js";
import { registerCallback } from "./callbacks/index.js";
import { enqueueOnce } from "./enqueue-once.js";
import type { GraphQueues } from "./graph-queues.js";

/** A job that stands in its queue. */
export interface EnqueuedJob<Name extends JobName = JobName> {
  readonly id: string;
  readonly name: Name;
  readonly queue: AnyQueueName;
}

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

/** How many jobs go to Redis in one round trip, unless their data is large: Redis does nothing else meanwhile. */
const bulk = { jobs: 1_000, characters: 1024 ** 2 };

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
    // Most jobs have no callback, and are many.
    return Promise.all(
      jobs.map((job, at) => {
        const place = added[at] as AddedJob;
        return job.opts.notify === undefined ? place.id : registerOrRepeat(queue, job, place);
      }),
    );
  };
  const registerOrRepeat = async (queue: AnyQueueName, job: CheckedJob, { id, isOwn }: AddedJob) => {
    const isThere = await register(queue, id, job);
    if (isThere || isOwn) return id;
    // The job that was joined has ended, and its record is gone: there is none to join any more.
    const [again = ""] = await enqueueOn(queue, [job]);
    return again;
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
      const byQueue = new Map<AnyQueueName, number[]>();
      for (const [at, { queue }] of checked.entries()) {
        const ofQueue = byQueue.get(queue);
        if (ofQueue === undefined) byQueue.set(queue, [at]);
        else ofQueue.push(at);
      }
      const enqueueAllOn = async ([queue, places]: [AnyQueueName, number[]]) => {
        for (let start = 0; start < places.length; ) {
          const chunk: CheckedJob[] = [];
          for (let characters = 0; chunk.length < bulk.jobs && characters < bulk.characters; ) {
            const job = checked[places[start + chunk.length] ?? -1];
            if (job === undefined) break;
            chunk.push(job);
            characters += job.json.length;
          }
          for (const id of await enqueueOn(queue, chunk)) {
            const at = places[start++] ?? 0;
            enqueued[at] = { id, name: (checked[at] as CheckedJob).name, queue };
          }
        }
      };
      await Promise.all([...byQueue].map(enqueueAllOn));
      return enqueued;
    },
  };
}
