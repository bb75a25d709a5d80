// What BullMQ calls for each job: checks the data, runs the handler, turns its failure into the record's.
import { type Job, type Queue, UnrecoverableError, WaitingChildrenError, WaitingError } from "bullmq";
import type { Redis } from "ioredis";
import {
  assertJobSize,
  formatFailedReason,
  isJobName,
  isTransient,
  type JobName,
  type Progress,
  parseJobData,
} from "../jobs/index.js";
import { cancelledReason } from "../producer/index.js";
import { failureOf, throwIfAborted } from "../terms/index.js";
import type { BatchProgress, ChildProgress } from "./batches/index.js";
import { batchOf } from "./batches/index.js";
import type { Cancellations } from "./cancellations.js";
import { jobFailure } from "./failure.js";
import type { Handler, JobTry, WorkerHost } from "./handlers/index.js";
import { handlers } from "./handlers/index.js";
import { type HostQueues, otherHostOf } from "./other-host.js";
import { startProgressReport } from "./progress-report.js";
import { beginScheduledRun } from "./scheduled-run.js";

/** The reason a job's signal is aborted with when its worker shuts down: the job goes back to the queue. */
export const shutdownReason = "shutdown";
/** The reason when somebody asked for the job's end, or its batch's. */
export const cancelReason = "cancelled";
/** The reason when the job's lock was lost: another worker has it, or will. */
export const lockLostReason = "lock lost";

/** What every try needs of the queues. */
export interface QueueAccess {
  readonly redis: Redis;
  readonly graphName: string;
  /** The queues of batches, by name. */
  readonly queues: Readonly<Record<string, Queue>>;
  readonly hostQueues: HostQueues;
  readonly batches: BatchProgress;
  readonly cancellations: Cancellations;
}

/** How a try is held by its worker. */
interface TryControl {
  /** That of the job's lock. */
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Aborts it with `cancelReason`. */
  cancel(): void;
  /** Told of all progress, also of what is too frequent for the record. */
  onProgress(progress: Progress): void;
}

/** Runs one try of a job. Throws what BullMQ is to do with it otherwise. */
export async function processJob(
  job: Job,
  { token, signal, cancel, onProgress }: TryControl,
  host: WorkerHost,
  { redis, graphName, queues, hostQueues, batches, cancellations }: QueueAccess,
): Promise<unknown> {
  const { name } = job;
  if (!isJobName(name)) {
    throw new UnrecoverableError(
      formatFailedReason("INVALID_JOB", `there is no job called ${JSON.stringify(name)}`),
    );
  }
  using _running = cancellations.begin(job, cancel);
  const batch = batchOf(job, token ?? "", queues[job.queueName] as Queue, redis, graphName);
  const report = startProgressReport((progress) => job.updateProgress(progress));
  // A child on another queue is no batch's: it is a job that was left to this host.
  const isOfBatch = job.parent !== undefined && queues[job.queueName] !== undefined;
  const child = isOfBatch ? batches.child(job.parent?.id ?? "") : undefined;
  const isRepeat = job.attemptsStarted > 1 || job.stalledCounter > 0;
  const isFinal = (error: unknown) =>
    signal.reason !== shutdownReason &&
    signal.reason !== lockLostReason &&
    (signal.reason === cancelReason ||
      job.attemptsMade + 1 >= (job.opts.attempts ?? 1) ||
      !isTransient(failureOf(error).code));
  try {
    throwIfAborted(signal);
    await beginScheduledRun(job, redis, graphName);
    assertJobSize(name, job.data, host.limits.maxJobBytes);
    const data = parseJobData(name, job.data);
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
    const result = await handler(attempt, host, signal);
    child?.ended(layerBytesOf(result));
    return result;
  } catch (error) {
    if (error instanceof WaitingChildrenError) throw error;
    tellOf(child, isFinal(error));
    await report.stop();
    if (signal.reason === shutdownReason) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    if (signal.reason === cancelReason) {
      await batch.close().catch(() => undefined);
      throw new UnrecoverableError(cancelledReason(job.id ?? ""));
    }
    throw jobFailure(error);
  } finally {
    await report.stop();
  }
}

function tellOf(child: ChildProgress | undefined, isFinal: boolean): void {
  if (isFinal) child?.ended();
  else child?.givenUp();
}

function layerBytesOf(result: unknown): number | undefined {
  return (result as { readonly layerBytes?: number }).layerBytes;
}
