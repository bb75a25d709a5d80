// What an operator does with jobs and queues: retry, remove, pause, resume.
import { type AnyQueueName, JobError, noJob } from "../../jobs/index.js";
import type { FailFastConnection } from "../../redis/index.js";
import { throwIfAborted } from "../../terms/index.js";
import type { GraphQueues } from "../graph-queues.js";
import type { JobFilter } from "../job-filter.js";
import type { JobRecord, JobState } from "../job-records.js";
import type { OperateAccess, Operation, Refusal } from "./refusal.js";
import { removeJobs } from "./remove.js";
import { retryJobs } from "./retry.js";

/** Which jobs are meant: `state` is always said, so that no filter means all jobs there are. */
export type OperateFilter = JobFilter & { readonly state: JobState };

interface OperateOptions {
  /** The operation ends between two pages once it is aborted: `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

/** Which jobs were left as they are, and why. */
interface Refusals {
  readonly refused: number;
  /** The first hundred of them. */
  readonly refusals: readonly Refusal[];
}

/** All throw `QUEUE_UNAVAILABLE` if Redis is not there. */
export interface Operations {
  /**
   * Has a job done once more that has failed or was cancelled: with its tries anew, in the place of a job that is new. A
   * batch makes those of its children again that failed.
   * @param queue whose job is meant, where several have one of the id
   * @throws `JOB_NOT_FOUND`; `INVALID_JOB` for a job in another state, one that cannot be read, one whose work another job
   * is doing, and an id that jobs of several queues have
   */
  retry(id: string, queue?: string): Promise<void>;
  /** The same for all that match, page by page. @throws `INVALID_JOB` for another state; `INVALID_OPTION` for an unknown queue */
  retryAll(filter: OperateFilter, options?: OperateOptions): Promise<Refusals & { readonly retried: number }>;
  /**
   * Removes the record of a job that waits or has ended, a batch with its children. Whoever waits for it gets
   * `JOB_NOT_FOUND`.
   * @param queue whose job is meant, where several have one of the id
   * @throws `JOB_NOT_FOUND`; `INVALID_JOB` for a job that is active or has an active child, the next run of a schedule, and
   * an id that jobs of several queues have
   */
  remove(id: string, queue?: string): Promise<void>;
  /** The same for all that match, page by page. @throws `INVALID_JOB` for the state `active`; `INVALID_OPTION` for an unknown queue */
  removeAll(
    filter: OperateFilter,
    options?: OperateOptions,
  ): Promise<Refusals & { readonly removed: number }>;
  /**
   * Pauses a queue: no worker takes up its jobs until it is resumed; those at work go on.
   * @returns false if it was paused already
   * @throws `INVALID_OPTION` for a queue that the graph does not have
   */
  pause(queue: string): Promise<boolean>;
  /** Ends a pause. @returns false if it was not paused @throws as `pause` */
  resume(queue: string): Promise<boolean>;
}

/** How many jobs are read and changed at a time. */
const page = 250;
/** How many refusals are told one by one. */
const mostRefusals = 100;
/** Ended without success. */
const retryable: readonly string[] = ["failed", "cancelled"];

/** @param jobs those that match a filter, as they stood in Redis when it was called */
export function openOperations(
  connection: FailFastConnection,
  queues: GraphQueues,
  graphName: string,
  jobs: (filter: JobFilter) => AsyncGenerator<JobRecord>,
): Operations {
  const access: OperateAccess = { redis: connection.redis, graphName, queues };

  const known = async (name: string): Promise<AnyQueueName> => {
    const queue = await queues.named(name);
    if (queue !== undefined) return queue;
    const names = (await queues.names()).join(", ");
    throw new JobError(
      "INVALID_OPTION",
      `there is no queue ${JSON.stringify(name)}: the queues are ${names}`,
    );
  };

  /** The queue of the only job of that id. */
  const queueOf = async (id: string): Promise<AnyQueueName> => {
    const found = await queues.find(id);
    if (found !== undefined) return found.queue.name as AnyQueueName;
    throw new JobError("JOB_NOT_FOUND", noJob(id), { jobId: id });
  };

  const one = async (operation: Operation, id: string, queue: string | undefined): Promise<void> => {
    const name = queue === undefined ? await queueOf(id) : await known(queue);
    const [refusal] = await connection.attempt(() => operation(access, name, [id]));
    if (refusal !== undefined) throw new JobError(refusal.code, refusal.message, { jobId: id });
  };

  const all = async (operation: Operation, filter: JobFilter, { signal }: OperateOptions) => {
    if (filter.queue !== undefined) await known(filter.queue);
    const refusals: Refusal[] = [];
    let done = 0;
    let refused = 0;
    let waiting: { readonly queue: AnyQueueName; readonly id: string }[] = [];
    const flush = async () => {
      const taken = waiting;
      waiting = [];
      for (const queue of new Set(taken.map((job) => job.queue))) {
        const ids = taken.filter((job) => job.queue === queue).map(({ id }) => id);
        const left = await connection.attempt(() => operation(access, queue, ids));
        // One that is gone by now, as a child whose batch was removed, was not refused.
        const told = left.filter(({ code }) => code !== "JOB_NOT_FOUND");
        refusals.push(...told.slice(0, mostRefusals - refusals.length));
        refused += told.length;
        done += ids.length - left.length;
      }
    };
    for await (const { queue, id } of jobs(filter)) {
      waiting.push({ queue, id });
      if (waiting.length < page) continue;
      throwIfAborted(signal);
      await flush();
    }
    throwIfAborted(signal);
    await flush();
    return { done, refused, refusals };
  };

  const setPaused = async (name: string, isPaused: boolean): Promise<boolean> => {
    const queue = queues.of(await known(name));
    return connection.attempt(async () => {
      const wasPaused = await queue.isPaused();
      if (wasPaused !== isPaused) await (isPaused ? queue.pause() : queue.resume());
      return wasPaused !== isPaused;
    });
  };

  return {
    retry: (id, queue) => one(retryJobs, id, queue),
    async retryAll(filter, options = {}) {
      assertState(filter, "retried", (state) => retryable.includes(state));
      const { done, ...rest } = await all(retryJobs, filter, options);
      return { retried: done, ...rest };
    },
    remove: (id, queue) => one(removeJobs, id, queue),
    async removeAll(filter, options = {}) {
      assertState(filter, "removed", (state) => state !== "active");
      const { done, ...rest } = await all(removeJobs, filter, options);
      return { removed: done, ...rest };
    },
    pause: (queue) => setPaused(queue, true),
    resume: (queue) => setPaused(queue, false),
  };
}

/** Callers without types may leave it out. */
function assertState(
  { state }: { readonly state?: JobState },
  what: string,
  allows: (state: string) => boolean,
): void {
  if (state !== undefined && allows(state)) return;
  const why =
    state === undefined ? "say which: the state is missing" : `those that are ${state} cannot be ${what}`;
  throw new JobError("INVALID_JOB", `no jobs were ${what}: ${why}`);
}
