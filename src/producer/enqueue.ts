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
import { findSame } from "./same-work.js";

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
  /** Enqueues jobs of one queue; returns the id that each has, or of the one that it has joined. */
  const enqueueOn = async (queue: AnyQueueName, jobs: readonly CheckedJob[]): Promise<string[]> => {
    await queues.announce(queue);
    return connection.attempt(() => addOrJoin(queues.of(queue), redis, jobs));
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
      const { data: checked, queue } = checkJob({ name, data, ...options } as NewJob, maxJobBytes);
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

/** A job that fits the contract. */
interface CheckedJob {
  readonly name: JobName;
  readonly queue: AnyQueueName;
  readonly data: CheckedJobData<JobName>;
  /** Undefined if the caller has chosen none. */
  readonly jobId: string | undefined;
  /** What it is joined by; undefined for a job that is never joined. */
  readonly same: string | undefined;
  readonly opts: { readonly priority?: number; readonly delay?: number };
}

/** @throws what `enqueue` throws of a job that is wrong */
function checkJob({ name, data, jobId, ...options }: NewJob, maxJobBytes: number | undefined): CheckedJob {
  const { priority = 0, delayMs = 0 } = parseJobOptions(options);
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
    opts: { ...(priority > 0 ? { priority } : {}), ...(delayMs > 0 ? { delay: delayMs } : {}) },
  };
}

/** Adds the jobs that no unfinished job does yet. @returns the id of each, or of the one that it has joined */
async function addOrJoin(queue: Queue, redis: Redis, jobs: readonly CheckedJob[]): Promise<string[]> {
  const works = jobs.flatMap(({ same, jobId }) => (same === undefined ? [] : [{ same, jobId }]));
  const found = works.length === 0 ? [] : await findSame(redis, queue.toKey(""), works);
  const ids: string[] = [];
  const added: { readonly job: Parameters<Queue["addBulk"]>[0][number]; readonly at: number }[] = [];
  /** The works whose first job is among these. */
  const first = new Set<string>();
  const joined: [id: string, priority: number | undefined][] = [];
  let work = 0;
  for (const [at, { name, data, jobId, same, opts }] of jobs.entries()) {
    const twin = same === undefined ? undefined : found[work++];
    const isFree = twin?.id === undefined && twin?.isFree === true && jobId === undefined;
    const twinId = twin?.id ?? (isFree && first.has(same ?? "") ? same : undefined);
    if (twinId !== undefined) {
      ids[at] = twinId;
      if (twinId !== jobId) joined.push([twinId, opts.priority]);
      continue;
    }
    if (isFree) first.add(same ?? "");
    const id = isFree ? same : (jobId ?? randomUUID());
    const deduplication = same === undefined || isFree ? {} : { deduplication: { id: same } };
    added.push({ at, job: { name, data, opts: { ...opts, jobId: id as string, ...deduplication } } });
  }
  const made = added.length === 0 ? [] : await queue.addBulk(added.map(({ job }) => job));
  for (const [index, { at, job }] of added.entries()) {
    const id = made[index]?.id ?? "";
    ids[at] = id;
    if (id !== job.opts?.jobId) joined.push([id, job.opts?.priority]);
  }
  await makeAsUrgent(queue, redis, joined);
  return ids;
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
