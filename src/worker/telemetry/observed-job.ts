// Observes a try of a job: counts it, and writes its notable moments to the job's log. The outcome is read from what the
// try returns to BullMQ or throws at it.
import { Backoffs, type Job, UnrecoverableError, WaitingChildrenError, WaitingError } from "bullmq";
import { type AnyQueueName, isJobName, type Progress, parseFailedReason } from "../../jobs/index.js";
import type { JobLog } from "./job-log.js";
import type { Outcome, WorkerMetrics } from "./worker-metrics.js";

/** How many characters of an error a line quotes; the record has all of them. */
const longestQuote = 2_000;

/**
 * Runs one try and passes on what it returns or throws.
 * @param run runs the try; it reports its progress to the function that it is given
 * @param hasLost true if the job is no longer this worker's
 */
export async function observeTry<Result>(
  job: Job,
  host: string,
  metrics: WorkerMetrics,
  log: JobLog,
  hasLost: () => boolean,
  run: (report: (progress: Progress) => void) => Promise<Result>,
): Promise<Result> {
  const { name, attemptsMade, opts } = job;
  const attempts = opts.attempts ?? 1;
  using meter = isJobName(name) ? metrics.began(job.queueName as AnyQueueName, name, job.data) : undefined;
  const begun = performance.now();
  log.note(`try ${attemptsMade + 1} of ${attempts} began on host ${host}`);
  try {
    const result = await run((progress) => {
      meter?.progress(progress);
      log.phase(progress);
    });
    meter?.ended("completed", result);
    log.note(`completed after ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
    return result;
  } catch (error) {
    if (error instanceof WaitingChildrenError) log.note("waits for its child jobs");
    else if (error instanceof WaitingError) log.note("given back to its queue: the worker is shutting down");
    else if (hasLost()) log.note("given up: its lock was lost, and another worker takes it up");
    else {
      const { outcome, line } = await describe(error, job);
      meter?.ended(outcome);
      log.note(line);
    }
    await log.flush();
    throw error;
  } finally {
    await log.end();
  }
}

/** The outcome of an error, as BullMQ will see it. */
async function describe(error: unknown, job: Job): Promise<{ outcome: Outcome; line: string }> {
  const reason = error instanceof Error ? error.message : String(error);
  const isPermanent = error instanceof UnrecoverableError;
  if (isPermanent && parseFailedReason(reason).code === "CANCELLED") {
    return { outcome: "cancelled", line: "cancelled" };
  }
  const quote = reason.length > longestQuote ? `${reason.slice(0, longestQuote)}…` : reason;
  const tries = job.attemptsMade + 1;
  if (isPermanent || tries >= (job.opts.attempts ?? 1)) {
    return { outcome: "failed", line: `failed: ${quote}` };
  }
  return { outcome: "retried", line: `failed: ${quote} (tried again${await delayOf(job, tries, error)})` };
}

/** When BullMQ retries the job; empty for a kind of delay that BullMQ does not know, which another client may have set. */
async function delayOf(job: Job, tries: number, error: unknown): Promise<string> {
  const backoff = Backoffs.normalize(job.opts.backoff ?? 0);
  if (backoff === undefined) return "";
  try {
    const delay = await Backoffs.calculate(backoff, tries, error as Error, job);
    return delay === undefined ? "" : ` in ${delay / 1_000} s`;
  } catch {
    return "";
  }
}
