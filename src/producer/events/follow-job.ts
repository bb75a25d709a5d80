// Follows one job from its present state to its end, for a caller in this process.
import { JobError, parseFailedReason, parseProgress } from "../../jobs/index.js";
import { hasEnded, type JobRecord } from "../job-records.js";
import type { Interest } from "./event-stream.js";
import type { JobEvents, JobUpdate } from "./job-events.js";
import { jobGone } from "./stream-entry.js";

interface FollowAccess {
  readonly events: JobEvents;
  /** The job's record as it is now; undefined if it is gone. */
  record(): Promise<JobRecord | undefined>;
  /** Calls `gone` when the record is gone without an event; returns the function that ends this. */
  guard(gone: () => void): () => void;
  /** Subscribes to outages of the connection; returns the function that unsubscribes. */
  register(interest: Interest): () => void;
}

/**
 * Yields a job's states and progress as they come, from the present one to `completed`, `failed` or `cancelled`. Unread progress is
 * replaced by newer progress. A job that is not there, or no longer, has failed with `JOB_NOT_FOUND`.
 * @throws `QUEUE_UNAVAILABLE` when Redis is away, `CANCELLED` if the signal aborts, with the signal's reason as its cause
 */
export async function* followJob(
  jobId: string,
  { events, record, guard, register }: FollowAccess,
  signal?: AbortSignal,
): AsyncGenerator<JobUpdate, void> {
  const pending: JobUpdate[] = [];
  let failure: Error | undefined;
  let wake = () => {};
  const push = (update: JobUpdate) => {
    const last = pending.at(-1);
    if (update.progress !== undefined && last?.progress !== undefined) pending.pop();
    pending.push(update);
    wake();
  };
  const fail = (error: Error) => {
    failure ??= error;
    wake();
  };
  const recheck = () =>
    void record()
      .then((found) => push(updateOf(jobId, found)))
      .catch(fail);
  const onAbort = () =>
    fail(
      new JobError("CANCELLED", `waiting for job ${jobId} was given up`, { jobId, cause: signal?.reason }),
    );
  const gone = () => push({ state: "failed", error: jobGone(jobId) });

  const stops = [events.listen(jobId, push), register({ outage: fail, recheck }), guard(gone)];
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  recheck();
  try {
    for (;;) {
      for (let update = pending.shift(); update !== undefined; update = pending.shift()) {
        yield update;
        if (hasEnded(update)) return;
      }
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (pending.length > 0 || failure !== undefined) resolve();
      });
    }
  } finally {
    for (const stop of stops) stop();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The update that a record amounts to. */
function updateOf(jobId: string, record: JobRecord | undefined): JobUpdate {
  if (record === undefined || record.state === "unknown") {
    return { state: "failed", error: jobGone(jobId) };
  }
  const { state, result, failedReason } = record;
  if (state === "completed") return { state, result };
  if (state === "failed" || state === "cancelled")
    return { state, error: parseFailedReason(failedReason ?? "") };
  const progress = parseProgress(record.progress);
  return progress === undefined ? { state } : { state, progress };
}
