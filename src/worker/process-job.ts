// Runs one try of a job for BullMQ: checks the data, calls the handler, and turns its error into the record's.
import { type Job, type Queue, UnrecoverableError, WaitingChildrenError, WaitingError } from "bullmq";
import type { Redis } from "ioredis";
import {
  type AnyQueueName,
  assertJobSize,
  formatFailedReason,
  isJobName,
  isTransient,
  type JobName,
  type Progress,
  parseJobData,
  queueOf,
  splitQueueName,
} from "../jobs/index.js";
import { cancelledReason } from "../producer/index.js";
import { failureOf, quote, StevedoreError, throwIfAborted } from "../terms/index.js";
import type { BatchProgress, ChildProgress } from "./batches/index.js";
import { batchOf } from "./batches/index.js";
import { callbackOf, type Teller } from "./callbacks/index.js";
import type { Cancellations } from "./cancellations.js";
import { jobFailure } from "./failure.js";
import type { Handler, JobTry, WorkerHost } from "./handlers/index.js";
import { answerAtHand, handlers } from "./handlers/index.js";
import { type HostQueues, otherHostOf } from "./other-host.js";
import { startProgressReport } from "./progress-report.js";
import { beginScheduledRun } from "./scheduled-run.js";
import type { TrySignal } from "./try-signals.js";

/** The abort reason when the worker shuts down: the job goes back to the queue. */
export const shutdownReason = "shutdown";
/** The abort reason when the job, or its batch, is cancelled. */
export const cancelReason = "cancelled";
/** The abort reason when the job's lock is lost: another worker has the job, or will. */
export const lockLostReason = "lock lost";

/** What every try needs of the queues and Redis. */
export interface QueueAccess {
  readonly redis: Redis;
  readonly graphName: string;
  /** The queues of batches, by name. */
  readonly queues: Readonly<Record<string, Queue>>;
  readonly hostQueues: HostQueues;
  readonly batches: BatchProgress;
  readonly cancellations: Cancellations;
  readonly callbacks: Teller;
}

/** How BullMQ's worker controls a try. */
interface TryControl {
  /** The token of the job's lock. */
  readonly token: string | undefined;
  /** How it is aborted. Its signal is made when it is asked for, and only then. */
  readonly aborting: Pick<TrySignal, "reason" | "signal">;
  /** Aborts it with `cancelReason`. */
  cancel(): void;
  /** Called with all progress, also what is too frequent for the record. */
  onProgress(progress: Progress): void;
}

/** Runs one try of a job. @throws BullMQ's own errors, which tell it what to do with a job that has not completed */
export async function processJob(
  job: Job,
  { token, aborting, cancel, onProgress }: TryControl,
  host: WorkerHost,
  { redis, graphName, queues, hostQueues, batches, cancellations, callbacks }: QueueAccess,
): Promise<unknown> {
  const { name } = job;
  if (callbackOf(job) !== undefined) await callbacks.begins(job);
  if (!isJobName(name)) {
    throw new UnrecoverableError(formatFailedReason("INVALID_JOB", `there is no job called ${quote(name)}`));
  }
  using _running = cancellations.begin(job, cancel);
  const batch = batchOf(job, token ?? "", queues[job.queueName] as Queue, redis, graphName);
  const report = startProgressReport((progress) => job.updateProgress(progress));
  // A child on another queue does not belong to a batch: it was left to this host.
  const isOfBatch = job.parent !== undefined && queues[job.queueName] !== undefined;
  const child = isOfBatch ? batches.child(job.parent?.id ?? "") : undefined;
  const isRepeat = job.attemptsStarted > 1 || job.stalledCounter > 0;
  const isFinal = (error: unknown) =>
    aborting.reason !== shutdownReason &&
    aborting.reason !== lockLostReason &&
    (aborting.reason === cancelReason ||
      job.attemptsMade + 1 >= (job.opts.attempts ?? 1) ||
      !isTransient(failureOf(error).code));
  try {
    if (aborting.reason !== undefined) throwIfAborted(aborting.signal);
    await beginScheduledRun(job, redis, graphName);
    assertJobSize(name, job.data, host.limits.maxJobBytes);
    const data = parseJobData(name, job.data);
    assertRightQueue(name, queueOf(name, data), job.queueName);
    const attempt: JobTry<typeof name> = {
      id: job.id ?? "",
      data,
      isRepeat,
      urgency: child === undefined ? "single" : "batch",
      isFinal,
      amend: (amended) => job.updateData(amended),
      report(progress) {
        report.report(progress);
        onProgress(progress);
        if (progress.unit === "bytes") child?.bytes(progress.done);
      },
      batch,
      otherHost: otherHostOf(job, token ?? "", isRepeat, hostQueues),
    };
    const handler = handlers[name] as Handler<JobName>;
    const result = answerAtHand(name, data, host) ?? (await handler(attempt, host, aborting.signal));
    child?.ended(layerBytesOf(result));
    return result;
  } catch (error) {
    if (error instanceof WaitingChildrenError) throw error;
    endChild(child, isFinal(error));
    await report.stop();
    if (aborting.reason === shutdownReason) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    if (aborting.reason === cancelReason) {
      await batch.close().catch(() => undefined);
      throw new UnrecoverableError(cancelledReason(job.id ?? ""));
    }
    throw jobFailure(error);
  } finally {
    await report.stop();
  }
}

/**
 * Refuses a job that a client of BullMQ added to another queue than its own, which has other limits. A host's queue is one
 * of its own: a job there that is for another host is left to that.
 */
function assertRightQueue(name: JobName, right: string, queue: string): void {
  if (splitQueueName(right).queue === splitQueueName(queue as AnyQueueName).queue) return;
  throw new StevedoreError(
    "INVALID_JOB",
    `a job ${name} with this data belongs in the queue ${right}, not in ${queue}`,
  );
}

function endChild(child: ChildProgress | undefined, isFinal: boolean): void {
  if (isFinal) child?.ended();
  else child?.givenUp();
}

function layerBytesOf(result: unknown): number | undefined {
  return (result as { readonly layerBytes?: number }).layerBytes;
}
