// Runs a job about another host's mount: a child job does the work on that host, and its outcome becomes the job's.
import { type Job, Queue, type Telemetry, UnrecoverableError, WaitingChildrenError } from "bullmq";
import type { Redis } from "ioredis";
import {
  type AnyQueueName,
  type CheckedJobData,
  type JobName,
  type JobResult,
  keyPrefix,
  queueOf,
} from "../jobs/index.js";
import { StevedoreError } from "../terms/index.js";

/** How a job is left to another host. */
export interface OtherHost<Name extends JobName> {
  /**
   * The result on the other host, if an earlier try has left the job to one; else undefined. Waits for the end as
   * `leaveTo` does. @throws the error that the job failed with there
   */
  outcome(): Promise<JobResult<Name> | undefined>;
  /**
   * Leaves the job to the workers of another host. The job leaves this worker, and is run again when they are done.
   * @param data the data of the child job
   * @throws `NOT_MOUNTED` naming the host if no worker of it serves; what `outcome` throws
   */
  leaveTo(
    host: string,
    data: CheckedJobData<Name> & { readonly host?: string | undefined },
  ): Promise<JobResult<Name>>;
}

/** The queues of other hosts, opened when they are needed. */
export interface HostQueues {
  of(name: AnyQueueName): Queue;
  close(): Promise<void>;
}

export function openHostQueues(
  redis: Redis,
  graphName: string,
  telemetry: Telemetry | undefined,
): HostQueues {
  const options = {
    connection: redis,
    prefix: keyPrefix(graphName),
    ...(telemetry === undefined ? {} : { telemetry }),
  };
  const queues = new Map<string, Queue>();
  return {
    of(name) {
      const queue = queues.get(name) ?? new Queue(name, options).on("error", () => undefined);
      queues.set(name, queue);
      return queue;
    },
    async close() {
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/**
 * The other hosts as one try of a job sees them.
 * @param token of the job's lock
 * @param isRepeat whether an earlier try has begun
 */
export function otherHostOf<Name extends JobName>(
  job: Job,
  token: string,
  isRepeat: boolean,
  queues: HostQueues,
): OtherHost<Name> {
  const ended = async (): Promise<JobResult<Name>> => {
    if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
    const [results, failures] = await Promise.all([
      job.getChildrenValues(),
      job.getIgnoredChildrenFailures(),
    ]);
    const [failure] = Object.values(failures);
    // It was retried there already.
    if (failure !== undefined) throw new UnrecoverableError(failure);
    return Object.values(results)[0] as JobResult<Name>;
  };
  return {
    async outcome() {
      if (!isRepeat) return undefined;
      const { processed = 0, unprocessed = 0, ignored = 0 } = await job.getDependenciesCount();
      return processed + unprocessed + ignored === 0 ? undefined : ended();
    },
    async leaveTo(host, data) {
      const name = job.name as Name;
      const there = { ...data, host } as CheckedJobData<Name>;
      const queue = queues.of(queueOf(name, there));
      if ((await queue.getWorkersCount()) === 0) throw noWorkerThere(host, data);
      await queue.add(name, there, {
        // By this id a repeat adds nothing.
        jobId: `${job.id}.${host}`,
        parent: { id: job.id ?? "", queue: job.queueQualifiedName },
        ignoreDependencyOnFailure: true,
        ...(job.priority > 0 ? { priority: job.priority } : {}),
      });
      return ended();
    },
  };
}

function noWorkerThere(host: string, data: object): StevedoreError {
  const { mountId } = data as { readonly mountId?: string };
  return new StevedoreError(
    "NOT_MOUNTED",
    `the mount ${mountId} is on the host ${host}, and no worker of that host serves: start one there, or, if it is gone for good or goes by another name now, one with --host ${host}`,
  );
}
