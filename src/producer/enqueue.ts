// Puts jobs into their queues, each checked against the contract first.
import { randomUUID } from "node:crypto";
import {
  type AnyQueueName,
  assertJobSize,
  type CheckedJobData,
  deduplicationId,
  isJobId,
  type JobData,
  JobError,
  type JobName,
  type Notify,
  parseJobData,
  parseNotify,
  queueOf,
} from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
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
export interface EnqueueOptions {
  /** Makes a repeat harmless: a job of that id is not added twice. */
  readonly jobId?: string | undefined;
  /** Who is told of the job's end by HTTP, also if the job joins another. */
  readonly notify?: Notify | undefined;
}

/** A job to enqueue. */
export type NewJob<Name extends JobName = JobName> = Name extends JobName
  ? { readonly name: Name; readonly data: JobData<Name> } & EnqueueOptions
  : never;

export interface Enqueuing {
  /**
   * Enqueues a job, checked against the contract first. A job whose data names a `host` goes to that host's own queue,
   * where it waits for a worker of that host. If the same `checksum` or `verify` already waits or runs, the job joins
   * it, and that one is returned.
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
    options?: Pick<EnqueueOptions, "notify">,
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
  const enqueue = async (job: NewJob): Promise<EnqueuedJob> => {
    const { name, queue, data, opts } = toQueueJob(job, maxJobBytes);
    await queues.announce(queue);
    for (;;) {
      const added = await connection.attempt(() => queues.of(queue).add(name, data, opts));
      const id = added.id ?? opts.jobId;
      // A job that was joined may have ended, and its record be gone: then there is none to join any more.
      if ((await register({ queue, id }, opts.notify)) || id === opts.jobId) return { id, name, queue };
    }
  };

  /** @returns false if the job's record is gone */
  const register = async (
    { queue, id }: Pick<EnqueuedJob, "queue" | "id">,
    notify: Notify | undefined,
  ): Promise<boolean> => {
    if (notify === undefined) return true;
    const job = { queue, id, key: queues.of(queue).toKey(id) };
    return connection.attempt(() => registerCallback(connection.redis, graphName, job, notify));
  };

  return {
    async enqueue<Name extends JobName>(name: Name, data: JobData<Name>, options: EnqueueOptions = {}) {
      return { ...(await enqueue({ name, data, ...options } as NewJob)), name };
    },
    async enqueueOnce(key, name, data, { notify } = {}) {
      const { data: checked, queue, opts } = toQueueJob({ name, data, notify } as NewJob, maxJobBytes);
      const id = await connection.attempt(() =>
        enqueueOnce(key, name, checked as CheckedJobData<typeof name>, {
          redis: connection.redis,
          graphName,
          has: async (jobId) => (await connection.redis.exists(queues.of(queue).toKey(jobId))) === 1,
          enqueue: async (jobId) => (await enqueue({ name, data, jobId, notify } as NewJob)).id,
        }),
      );
      // The job may have been there already.
      await register({ queue, id }, opts.notify);
      return { id, name, queue };
    },
    async enqueueAll(jobs) {
      const checked = jobs.map((job) => toQueueJob(job, maxJobBytes));
      const enqueued: EnqueuedJob[] = new Array(jobs.length);
      const byQueue = new Map<AnyQueueName, { job: (typeof checked)[number]; at: number }[]>();
      for (const [at, job] of checked.entries()) {
        const ofQueue = byQueue.get(job.queue);
        if (ofQueue === undefined) byQueue.set(job.queue, [{ job, at }]);
        else ofQueue.push({ job, at });
      }
      const registerOf = async (
        one: EnqueuedJob,
        { jobId, notify }: (typeof checked)[number]["opts"],
        at: number,
      ) => {
        const isThere = await register(one, notify);
        if (!isThere && one.id !== jobId) enqueued[at] = await enqueue(jobs[at] as NewJob);
      };
      const enqueueOn = async ([queue, ofQueue]: Parameters<typeof byQueue.set>) => {
        await queues.announce(queue);
        for (let start = 0; start < ofQueue.length; start += bulk) {
          const chunk = ofQueue.slice(start, start + bulk);
          const added = await connection.attempt(() =>
            queues.of(queue).addBulk(chunk.map(({ job: { queue: _, ...job } }) => job)),
          );
          const registering: Promise<void>[] = [];
          for (const [index, { job, at }] of chunk.entries()) {
            const one = { id: added[index]?.id ?? job.opts.jobId, name: job.name, queue };
            enqueued[at] = one;
            if (job.opts.notify !== undefined) registering.push(registerOf(one, job.opts, at));
          }
          await Promise.all(registering);
        }
      };
      await Promise.all([...byQueue].map(enqueueOn));
      return enqueued;
    },
  };
}

/** Checks a job, and says what BullMQ gets of it, and on which queue. */
function toQueueJob({ name, data, jobId = randomUUID(), notify }: NewJob, maxJobBytes: number | undefined) {
  if (!isJobId(jobId)) {
    throw new JobError(
      "INVALID_JOB",
      `${JSON.stringify(jobId)} is not a valid job id: use A-Z a-z 0-9 _ . -, not only digits and no word of BullMQ's own`,
    );
  }
  const checked = parseJobData(name, data);
  assertJobSize(name, checked, maxJobBytes);
  const joined = deduplicationId(name, checked);
  return {
    name,
    queue: queueOf(name, checked),
    data: checked,
    opts: {
      jobId,
      ...(joined === undefined ? {} : { deduplication: { id: joined } }),
      ...(notify === undefined ? {} : { notify: parseNotify(notify) }),
    },
  };
}
