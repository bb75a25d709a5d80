// Serves one queue of a graph in this process: takes its jobs, keeps their locks, and gives them back.
import { MetricsTime, type Telemetry, Worker } from "bullmq";
import {
  type AnyQueueName,
  type CheckedJobData,
  isCancelledReason,
  keyPrefix,
  retention,
  retryPolicy,
} from "../jobs/index.js";
import { guardWorker } from "../producer/index.js";
import type { OutageLog } from "../redis/index.js";
import { onOneLine } from "../terms/index.js";
import type { WorkerHost } from "./handlers/index.js";
import { openHeldLocks } from "./held-locks.js";
import { holdCommands } from "./hold-commands.js";
import type { Log } from "./log.js";
import { cancelReason, lockLostReason, processJob, type QueueAccess } from "./process-job.js";
import { removeUpload } from "./sources/index.js";
import type { WorkerMetrics } from "./telemetry/index.js";
import { observeTry, openJobLog, writeLines } from "./telemetry/index.js";
import type { WorkerTiming } from "./timing.js";
import { openTrySignals } from "./try-signals.js";

/** How long a worker waits before it repeats a command that failed, in ms. */
const runRetryDelay = 1_000;
/** A job fails for good once it has lost that many workers. */
const maxStalledCount = 5;

/** The characters of a line of the log. */
const longestLine = 4_000;

/** Who observes the jobs of a queue. */
interface QueueObservers {
  readonly log: Log;
  /** Tells of what is an outage of Redis. */
  readonly outages: OutageLog;
  readonly metrics: WorkerMetrics;
  /** Undefined if traces are not asked for. */
  readonly telemetry: Telemetry | undefined;
}

/** Makes the BullMQ worker of a queue; `run` starts it. */
export function serveQueue(
  queue: AnyQueueName,
  access: QueueAccess,
  concurrency: number,
  host: WorkerHost,
  { log: write, outages, metrics, telemetry }: QueueObservers,
  { lockDuration, stalledInterval }: WorkerTiming,
): Worker {
  const worker = new Worker(
    queue,
    async (job, token = "") => {
      const { id = "" } = job;
      // As whoever enqueued it asks for, or else as all jobs: none needs to say so in its record.
      if (!job.opts.attempts) Object.assign(job.opts, retryPolicy);
      using aborting = signals.begin(id);
      using _lock = locks.hold(id, token, () => aborting.abort(lockLostReason));
      const cancel = () => void worker.cancelJob(id, cancelReason);
      const hasLost = () => aborting.reason === lockLostReason;
      const jobLog = openJobLog(queue, id, worker, access);
      return await observeTry(job, host.graph.host, metrics, jobLog, hasLost, (onProgress) =>
        processJob(job, { token, aborting, cancel, onProgress }, host, access),
      );
    },
    {
      connection: access.redis,
      prefix: keyPrefix(access.graphName),
      autorun: false,
      concurrency,
      lockDuration,
      skipLockRenewal: true,
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
  const signals = openTrySignals(worker);
  const locks = openHeldLocks(worker, lockDuration);
  // What a line quotes comes from whoever may write to Redis: a line break would forge a line.
  const log: Log = (line, fields) => write(onOneLine(line, longestLine), fields);
  guardWorker(worker, access.redis, (id, reason) =>
    log(`${queue}: ${onOneLine(id)} failed: ${reason}`, { level: "warn", job: id, queue }),
  );
  holdCommands(worker, outages);
  worker.on("completed", (job) => {
    log(`${queue}: ${job.name} ${onOneLine(job.id ?? "")} completed`, { job: job.id, queue, name: job.name });
    access.callbacks.ended(job);
    if (job.name === "import") void removeImported(job.data, host);
  });
  worker.on("failed", (job, error) => {
    const isCancelled = isCancelledReason(error.message);
    const what = isCancelled ? "was cancelled" : `failed: ${error.message}`;
    log(`${queue}: ${job?.name || "job"} ${onOneLine(job?.id ?? "")} ${what}`, {
      ...(isCancelled ? {} : { level: "warn" }),
      job: job?.id,
      queue,
      name: job?.name,
    });
    if (job?.finishedOn === undefined) return;
    access.cancellations.ended(job);
    access.callbacks.ended(job);
  });
  worker.on("stalled", (id) => {
    log(`${queue}: job ${onOneLine(id)} lost its worker and waits again`, { level: "warn", job: id, queue });
    metrics.stalled(queue);
    const line = { line: "its worker was lost: it waits to be taken up again", at: Date.now() };
    void writeLines(queue, id, [line], worker, access);
  });
  worker.on("error", (error) => {
    if (!outages.takes(error)) log(`${queue}: ${error.message}`, { level: "error", queue });
  });
  return worker;
}

/**
 * Removes the upload of an import once the result is in the record: until then another try needs it. If the worker dies in
 * between, the upload is removed as any abandoned one.
 */
async function removeImported({ source }: CheckedJobData<"import">, { sources }: WorkerHost): Promise<void> {
  await removeUpload(source, sources).catch(() => undefined);
}
