// Puts jobs into their queues, each checked against the contract first.
import { randomUUID } from "node:crypto";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
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
  ? JobOptions & { readonly name: Name; readonly data: JobData<Name>; readonly jobId?: string }
  : never;

/** How a job is enqueued. A job of the same `jobId` is not added twice. */
export interface EnqueueOptions extends JobOptions {
  readonly jobId?: string | undefined;
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
  const enqueue = async (job: NewJob): Promise<EnqueuedJob> => {
    const { name, queue, data, opts } = toQueueJob(job, maxJobBytes);
    await queues.announce(queue);
    const id = await connection.attempt(async () => {
      const added = await queues.of(queue).add(name, data, opts);
      const joined = added.id ?? opts.jobId;
      if (joined !== opts.jobId) await makeAsUrgent(queues.of(queue), redis, [[joined, opts.priority]]);
      return joined;
    });
    return { id, name, queue };
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
      const { data: checked, queue } = toQueueJob({ name, data, ...options } as NewJob, maxJobBytes);
      const id = await connection.attempt(() =>
        enqueueOnce(key, name, checked as CheckedJobData<typeof name>, {
          redis,
          graphName,
          has: async (jobId) => (await redis.exists(queues.of(queue).toKey(jobId))) === 1,
          enqueue: async (jobId) => (await enqueue({ name, data, ...options, jobId } as NewJob)).id,
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
          const joined: [id: string, priority: number | undefined][] = [];
          await connection.attempt(async () => {
            const added = await queues.of(queue).addBulk(chunk.map(({ job: { queue: _, ...job } }) => job));
            for (const [index, { job, at }] of chunk.entries()) {
              const id = added[index]?.id ?? job.opts.jobId;
              if (id !== job.opts.jobId) joined.push([id, job.opts.priority]);
              enqueued[at] = { id, name: job.name, queue };
            }
            await makeAsUrgent(queues.of(queue), redis, joined);
          });
        }
      };
      await Promise.all([...byQueue].map(enqueueOn));
      return enqueued;
    },
  };
}

/** Checks a job, and says what BullMQ gets of it, and on which queue. */
function toQueueJob(
  { name, data, jobId = randomUUID(), ...options }: NewJob,
  maxJobBytes: number | undefined,
) {
  const { priority = 0, delayMs = 0 } = parseJobOptions(options);
  if (!isJobId(jobId)) {
    throw new JobError(
      "INVALID_JOB",
      `${JSON.stringify(jobId)} is not a valid job id: use A-Z a-z 0-9 _ . -, not only digits and no word of BullMQ's own`,
    );
  }
  const checked = parseJobData(name, data);
  assertJobSize(name, checked, maxJobBytes);
  // Whoever asks for the same now does not want to wait for one that is due next week.
  const joined = delayMs > 0 ? undefined : deduplicationId(name, checked);
  return {
    name,
    queue: queueOf(name, checked),
    data: checked,
    opts: {
      jobId,
      ...(priority > 0 ? { priority } : {}),
      ...(delayMs > 0 ? { delay: delayMs } : {}),
      ...(joined === undefined ? {} : { deduplication: { id: joined } }),
    },
  };
}

/** Makes waiting jobs as urgent as those that have joined them, each with its priority. */
async function makeAsUrgent(
  queue: Queue,
  redis: Redis,
  joined: readonly (readonly [id: string, priority: number | undefined])[],
): Promise<void> {
  if (joined.length === 0) return;
  const asked = redis.pipeline();
  for (const [id] of joined) asked.hget(queue.toKey(id), "priority");
  const answers = (await asked.exec()) ?? [];
  const wanted = new Map<string, number>();
  for (const [at, [id, priority = 0]] of joined.entries()) {
    const present = wanted.get(id) ?? Number(answers[at]?.[1] ?? 0);
    // 0 goes before all others.
    if (present > 0 && priority < present) wanted.set(id, priority);
  }
  // One that is gone by now needs no priority.
  await Promise.allSettled([...wanted].map((job) => queue.backend.changePriority(...job)));
}
