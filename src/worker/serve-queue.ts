// One queue of a graph, served by this process: how its jobs are taken, kept, retried and given back.
import { Worker } from "bullmq";
import { type AnyQueueName, keyPrefix, retention } from "../jobs/index.js";
import type { WorkerHost } from "./handler.js";
import { cancelReason, lockLostReason, processJob, type QueueAccess } from "./process-job.js";

/** How long a job may be without a sign of life before another worker takes it, and how often that is looked for, in ms. */
const lockDuration = 20_000;
const stalledInterval = 5_000;
/** After how long a worker tries again what Redis did not do, in ms. */
const runRetryDelay = 1_000;
/** A job that took that many workers down with it is failed. */
const maxStalledCount = 5;

/** BullMQ gives a signal to a processor that takes one; its types leave that open. */
const neverAborted = new AbortController().signal;

/** Makes the BullMQ worker of a queue; `run` starts it. @param log told, in a line, of what happens to its jobs */
export function serveQueue(
  queue: AnyQueueName,
  access: QueueAccess,
  concurrency: number,
  host: WorkerHost,
  log: (line: string) => void,
): Worker {
  const worker = new Worker(
    queue,
    (job, token, signal) => {
      const cancel = () => void worker.cancelJob(job.id ?? "", cancelReason);
      return processJob(job, token, signal ?? neverAborted, cancel, host, access);
    },
    {
      connection: access.redis,
      prefix: keyPrefix(access.graphName),
      autorun: false,
      concurrency,
      lockDuration,
      stalledInterval,
      maxStalledCount,
      runRetryDelay,
      removeOnComplete: retention.completed,
      removeOnFail: retention.failed,
    },
  );
  worker.on("completed", (job) => log(`${queue}: ${job.name} ${job.id} completed`));
  worker.on("failed", (job, error) => {
    log(`${queue}: ${job?.name} ${job?.id} failed: ${error.message}`);
    if (job?.finishedOn !== undefined) access.cancellations.ended(job.id ?? "");
  });
  worker.on("stalled", (id) => log(`${queue}: job ${id} lost its worker and waits again`));
  worker.on("error", (error) => log(`${queue}: ${error.message}`));
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, lockLostReason);
  });
  return worker;
}
