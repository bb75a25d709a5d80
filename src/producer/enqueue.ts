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
  parseJobData,
  queueOf,
} from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import { enqueueOnce } from "./enqueue-once.js";
import type { GraphQueues } from "./graph-queues.js";

/** A job that stands in its queue. */
export interface EnqueuedJob<Name extends JobName = JobName> {
  readonly id: string;
  readonly name: Name;
  readonly queue: AnyQueueName;
}

/** A job to enqueue. `jobId` makes a repeat harmless: a job of that id is not added twice. */
export type NewJob<Name extends JobName = JobName> = Name extends JobName
  ? { readonly name: Name; readonly data: JobData<Name>; readonly jobId?: string }
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
    options?: { readonly jobId?: string | undefined },
  ): Promise<EnqueuedJob<Name>>;
  /**
   * Enqueues a job under an idempotency key, a text of any length that the caller chose. A repeat with the same key and
   * the same data returns the first job, whether it has ended or not, for as long as its record is kept.
   * @throws `INVALID_JOB` for a key that was used for another job; what `enqueue` throws
   */
  enqueueOnce<Name extends JobName>(key: string, name: Name, data: JobData<Name>): Promise<EnqueuedJob<Name>>;
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
    const added = await connection.attempt(() => queues.of(queue).add(name, data, opts));
    return { id: added.id ?? opts.jobId, name, queue };
  };

  return {
    async enqueue<Name extends JobName>(
      name: Name,
      data: JobData<Name>,
      { jobId }: { readonly jobId?: string | undefined } = {},
    ) {
      const job = { name, data, ...(jobId === undefined ? {} : { jobId }) } as NewJob;
      return { ...(await enqueue(job)), name };
    },
    async enqueueOnce(key, name, data) {
      const { data: checked, queue } = toQueueJob({ name, data } as NewJob, maxJobBytes);
      const id = await connection.attempt(() =>
        enqueueOnce(key, name, checked as CheckedJobData<typeof name>, {
          redis: connection.redis,
          graphName,
          has: async (jobId) => (await connection.redis.exists(queues.of(queue).toKey(jobId))) === 1,
          enqueue: async (jobId) => (await enqueue({ name, data, jobId } as NewJob)).id,
        }),
      );
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
      const enqueueOn = async ([queue, ofQueue]: Parameters<typeof byQueue.set>) => {
        await queues.announce(queue);
        for (let start = 0; start < ofQueue.length; start += bulk) {
          const chunk = ofQueue.slice(start, start + bulk);
          const added = await connection.attempt(() =>
            queues.of(queue).addBulk(chunk.map(({ job: { queue: _, ...job } }) => job)),
          );
          for (const [index, { job, at }] of chunk.entries()) {
            enqueued[at] = { id: added[index]?.id ?? job.opts.jobId, name: job.name, queue };
          }
        }
      };
      await Promise.all([...byQueue].map(enqueueOn));
      return enqueued;
    },
  };
}

/** Checks a job, and says what BullMQ gets of it, and on which queue. */
function toQueueJob({ name, data, jobId = randomUUID() }: NewJob, maxJobBytes: number | undefined) {
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
    opts: { jobId, ...(joined === undefined ? {} : { deduplication: { id: joined } }) },
  };
}
