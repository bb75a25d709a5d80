// One queue of a graph, served by this process: how its jobs are taken, kept, retried and given back.
import { MetricsTime, type Telemetry, Worker } from "bullmq";
import { type AnyQueueName, type CheckedJobData, keyPrefix, retention } from "../jobs/index.js";
import type { WorkerHost } from "./handlers/index.js";
import type { Log } from "./log.js";
import { cancelReason, lockLostReason, processJob, type QueueAccess } from "./process-job.js";
import { removeUpload } from "./sources/index.js";
import type { WorkerMetrics } from "./telemetry/index.js";
import { observeTry, openJobLog, writeLines } from "./telemetry/index.js";
import type { WorkerTiming } from "./timing.js";

/** After how long a worker tries again what Redis did not do, in ms. */
const runRetryDelay = 1_000;
/** A job that took that many workers down with it is failed. */
const maxStalledCount = 5;

/** BullMQ gives a signal to a processor that takes one without a default; its types leave that open. */
const neverAborted = new AbortController().signal;

/** Those to whom is told what happens to a queue's jobs. */
interface QueueObservers {
  readonly log: Log;
  readonly metrics: WorkerMetrics;
  /** Where traces are asked for. */
  readonly telemetry: Telemetry | undefined;
}

/** Makes the BullMQ worker of a queue; `run` starts it. */
export function serveQueue(
  queue: AnyQueueName,
  access: QueueAccess,
  concurrency: number,
  host: WorkerHost,
  { log, metrics, telemetry }: QueueObservers,
  { lockDuration, stalledInterval }: WorkerTiming,
): Worker {
  const worker = new Worker(
    queue,
    (job, token, given) => {
      const { id = "" } = job;
      const signal = given ?? neverAborted;
      const cancel = () => void worker.cancelJob(id, cancelReason);
      const hasLost = () => signal.reason === lockLostReason;
      const jobLog = openJobLog(queue, id, worker, access);
      return observeTry(job, host.graph.host, metrics, jobLog, hasLost, (onProgress) =>
        processJob(job, { token, signal, cancel, onProgress }, host, access),
      );
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
      // Without it BullMQ does not count what is completed and failed.
      metrics: { maxDataPoints: MetricsTime.ONE_HOUR },
      ...(telemetry === undefined ? {} : { telemetry }),
    },
  );
  worker.on("completed", (job) => {
    log(`${queue}: ${job.name} ${job.id} completed`, { job: job.id, queue, name: job.name });
    if (job.name === "import") void removeImported(job.data, host);
  });
  worker.on("failed", (job, error) => {
    log(`${queue}: ${job?.name} ${job?.id} failed: ${error.message}`, {
      level: "warn",
      job: job?.id,
      queue,
      name: job?.name,
    });
    if (job?.finishedOn !== undefined) access.cancellations.ended(job.id ?? "");
  });
  worker.on("stalled", (id) => {
    log(`${queue}: job ${id} lost its worker and waits again`, { level: "warn", job: id, queue });
    metrics.stalled(queue);
    const line = { line: "its worker was lost: it waits to be taken up again", at: Date.now() };
    void writeLines(queue, id, [line], worker, access);
  });
  worker.on("error", (error) => log(`${queue}: ${error.message}`, { level: "error", queue }));
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, lockLostReason);
  });
  return worker;
}

/**
 * An import's images are told by its source alone: another try needs that until the result is in the record. What is left
 * by a worker that dies just then goes as any abandoned upload.
 */
async function removeImported({ source }: CheckedJobData<"import">, { sources }: WorkerHost): Promise<void> {
  await removeUpload(source, sources).catch(() => undefined);
}
