// A job that is done by many children (a BullMQ flow): its plan, its children, and their outcomes.
import { type Job, type Queue, WaitingChildrenError } from "bullmq";
import type { Redis } from "ioredis";
import {
  batchKey,
  childPrefix,
  type JobData,
  type JobName,
  type JobResult,
  retention,
} from "../../jobs/index.js";
import { throwIfAborted } from "../../terms/index.js";

/** An image of a batch that failed. */
export type FailedImage = JobResult<"checksum-graph">["failed"][number];

/** The plan of a batch, stored once all its children have been added. */
export interface BatchPlan {
  /** All images, including those that need no child. */
  readonly images: number;
  /** The bytes of the layers that need no child. */
  readonly doneBytes: number;
  /** The bytes of the layers that have a child. */
  readonly childBytes: number;
  /** When the batch began, in ms since the epoch. */
  readonly begunAt: number;
  /** Images that cannot be loaded, and so have no child. */
  readonly failed: readonly FailedImage[];
}

/** A child: the id of its image, and its data. */
export interface BatchChild<Name extends JobName = JobName> {
  readonly key: string;
  readonly data: JobData<Name>;
}

export interface Batch {
  /** The plan; undefined until `add` has finished. */
  plan(): Promise<BatchPlan | undefined>;
  /**
   * Adds the children, in their order, and then stores the plan. A repeat adds none twice. When cancelled it removes
   * those that were added. @throws `CANCELLED`
   */
  add<Name extends JobName>(
    name: Name,
    children: readonly BatchChild<Name>[],
    plan: BatchPlan,
    signal: AbortSignal,
  ): Promise<void>;
  /** Resolves if all children have ended. Otherwise the job leaves its worker, and is run again when they have. */
  wait(): Promise<void>;
  /** The results of the children, and the `failedReason` of those that failed, by their keys. */
  outcomes(): Promise<{
    readonly results: ReadonlyMap<string, unknown>;
    readonly failures: ReadonlyMap<string, string>;
  }>;
  /** Lets the plan and the progress expire in a minute: to be called when the batch is done. */
  close(): Promise<void>;
}

/** How many children go to Redis in one round trip. */
const bulk = 1_000;
/**
 * How long the plan is kept after the end, in ms: for another try if the worker dies before it answers, and for the last
 * progress report. It is not kept as long as the job's record, because BullMQ would not remove it for newer jobs.
 */
const planTtlMs = 60_000;
/** Of the children of a batch without one. Jobs without a priority go first: single images do not wait for a batch. */
const childPriority = 1;

/** The batch of a job. @param token of the job's lock */
export function batchOf(job: Job, token: string, queue: Queue, redis: Redis, graphName: string): Batch {
  const parentId = job.id ?? "";
  const key = batchKey(graphName, parentId);
  const prefix = childPrefix(parentId);
  return {
    async plan() {
      const plan = await redis.hget(key, "plan");
      return plan === null ? undefined : (JSON.parse(plan) as BatchPlan);
    },
    async add(name, children, plan, signal) {
      const { images, childBytes, begunAt } = plan;
      await redis.hset(key, { images, childBytes, begunAt, done: images - children.length, bytes: 0 });
      await redis.pexpire(key, retention.failed.age * 1_000);
      for (let at = 0; at < children.length; at += bulk) {
        if (signal.aborted) await job.removeUnprocessedChildren();
        throwIfAborted(signal);
        await queue.addBulk(children.slice(at, at + bulk).map((child) => childJob(name, child)));
      }
      await redis.hset(key, { plan: JSON.stringify(plan) });
    },
    async wait() {
      if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
    },
    async outcomes() {
      const [values, failures] = await Promise.all([
        job.getChildrenValues(),
        job.getIgnoredChildrenFailures(),
      ]);
      return { results: byKey(values), failures: byKey(failures) };
    },
    async close() {
      await redis.pexpire(key, planTtlMs);
    },
  };

  function childJob<Name extends JobName>(name: Name, { key, data }: BatchChild<Name>) {
    const opts = {
      // The id names the image, so that a repeat adds nothing.
      jobId: `${prefix}${key}`,
      parent: { id: parentId, queue: job.queueQualifiedName },
      ignoreDependencyOnFailure: true,
      priority: job.priority || childPriority,
    };
    return { name, data, opts };
  }

  /** BullMQ names children by their whole Redis keys, which end with their job ids. */
  function byKey<Value>(children: Readonly<Record<string, Value>>): Map<string, Value> {
    const begin = `:${prefix}`;
    return new Map(
      Object.entries(children).map(([name, value]) => [
        name.slice(name.indexOf(begin) + begin.length),
        value,
      ]),
    );
  }
}
