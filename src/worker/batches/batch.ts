// A job that is done by many children (a BullMQ flow): what was planned, the children, what became of them.
import { type Job, type Queue, WaitingChildrenError } from "bullmq";
import type { Redis } from "ioredis";
import {
  type JobData,
  type JobName,
  type JobResult,
  keyPrefix,
  retention,
  retryPolicy,
} from "../../jobs/index.js";
import { throwIfAborted } from "../../terms/index.js";

/** An image of a batch that failed. */
export type FailedImage = JobResult<"checksum-graph">["failed"][number];

/** What a batch has to do, written down once all its children have been added. */
export interface BatchPlan {
  /** Images in all, those included that need no child. */
  readonly images: number;
  /** The sum of the layers that need no child, in bytes. */
  readonly doneBytes: number;
  /** The same of those that have one. */
  readonly childBytes: number;
  /** When the batch began, in ms since the epoch. */
  readonly begunAt: number;
  /** Images that cannot even have a child. */
  readonly failed: readonly FailedImage[];
}

/** A child: the id of its image, and its data. */
export interface BatchChild<Name extends JobName = JobName> {
  readonly key: string;
  readonly data: JobData<Name>;
}

export interface Batch {
  /** The plan; undefined until `add` has come to its end. */
  plan(): Promise<BatchPlan | undefined>;
  /**
   * Adds the children, in their order, and then writes down the plan. Repeated it adds none twice. Cancelled it takes
   * back those that were added. Throws `CANCELLED`.
   */
  add<Name extends JobName>(
    name: Name,
    children: readonly BatchChild<Name>[],
    plan: BatchPlan,
    signal: AbortSignal,
  ): Promise<void>;
  /** Resolves if all children have ended. Else the job leaves its worker, and is run again when they have. */
  wait(): Promise<void>;
  /** By key the results of the children, and the `failedReason` of those that failed. */
  outcomes(): Promise<{
    readonly results: ReadonlyMap<string, unknown>;
    readonly failures: ReadonlyMap<string, string>;
  }>;
  /** Lets the plan and the tally go, a minute from now: to be called once there is nothing left to do. */
  close(): Promise<void>;
}

/** How many children go to Redis in one round trip. */
const bulk = 1_000;
/**
 * How long the plan stays once there is nothing left to do, in ms: for a try whose worker dies before it answers, and for
 * the last report of the tally. The job's record outlives it, but unlike that it would not make way for newer ones.
 */
const planTtlMs = 60_000;
/** Jobs without a priority come first: whoever asks for one image does not wait for a batch. */
const childPriority = 1;

/** The key of a batch's plan and tally. */
export function batchKey(graphName: string, parentId: string): string {
  return `${keyPrefix(graphName)}:batch:${parentId}`;
}

/** The batch that a job is. `token` is that of its lock. */
export function batchOf(job: Job, token: string, queue: Queue, redis: Redis, graphName: string): Batch {
  const parentId = job.id ?? "";
  const key = batchKey(graphName, parentId);
  // A colon, which the id of a schedule's run has, would end the id where BullMQ reads it from a child's key.
  const childPrefix = `${parentId.replaceAll(":", ".")}.`;
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
      ...retryPolicy,
      // The image is told by the id, and a repeat adds nothing.
      jobId: `${childPrefix}${key}`,
      parent: { id: parentId, queue: job.queueQualifiedName },
      ignoreDependencyOnFailure: true,
      priority: childPriority,
      removeOnComplete: retention.completed,
      removeOnFail: retention.failed,
    };
    return { name, data, opts };
  }

  /** BullMQ names a child by its whole key, which ends with the job's id. */
  function byKey<Value>(children: Readonly<Record<string, Value>>): Map<string, Value> {
    const prefix = `:${childPrefix}`;
    return new Map(
      Object.entries(children).map(([name, value]) => [
        name.slice(name.indexOf(prefix) + prefix.length),
        value,
      ]),
    );
  }
}
