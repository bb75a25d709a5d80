// Waits for a job's end on behalf of a request, for a limited time.
import type { ServerResponse } from "node:http";
import { JobError, parseFailedReason } from "../../../jobs/index.js";
import type { EnqueuedJob, JobRecord } from "../../../producer/index.js";
import type { ServerContext } from "../../context.js";

/** How long a request may wait, in s. */
export const longestWait = 300;

/**
 * Returns the job's record when the job has completed, the time is over, the client has gone, or the server stops.
 * @param seconds 0 for not waiting
 * @throws the job's own error by its code; `JOB_NOT_FOUND` if its record is gone; `QUEUE_UNAVAILABLE`
 */
export async function waitForJob(
  job: EnqueuedJob,
  seconds: number,
  response: ServerResponse,
  { producer, signal }: ServerContext,
): Promise<JobRecord> {
  if (seconds > 0) {
    const enough = new AbortController();
    const giveUp = () => enough.abort();
    const timer = setTimeout(giveUp, seconds * 1_000);
    response.once("close", giveUp);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      if (signal.aborted || response.destroyed) giveUp();
      await producer.wait(job, enough.signal);
    } catch (error) {
      if (!enough.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      response.off("close", giveUp);
      signal.removeEventListener("abort", giveUp);
    }
  }
  const record = await producer.record(job.queue, job.id);
  if (record === undefined) {
    throw new JobError("JOB_NOT_FOUND", `the record of the job ${job.id} was gone before it was read`, {
      jobId: job.id,
    });
  }
  if (seconds > 0 && (record.state === "failed" || record.state === "cancelled")) {
    const { code, message } = parseFailedReason(record.failedReason ?? "");
    throw new JobError(code, message, { jobId: job.id });
  }
  return record;
}
