// Renews the locks of jobs, also when this host's clock has been set back: BullMQ renews a lock once its last renewal is long
// enough ago by the clock of the wall, and would let all locks of running jobs run out until that is where it was.
import type { Worker } from "bullmq";

/** What BullMQ knows of a job that runs (its `LockManager`). */
interface TrackedJob {
  /** When its lock was last renewed, in ms since the epoch. */
  readonly ts: number;
}

/** Sees to it until the worker is closed. @param lockDuration of its jobs, in ms */
export function keepLocksRenewed(worker: Worker, lockDuration: number): void {
  const { trackedJobs } = (worker as unknown as { lockManager: { trackedJobs: Map<string, TrackedJob> } })
    .lockManager;
  const timer = setInterval(() => {
    const now = Date.now();
    // Long ago, so that BullMQ renews it the next time that it looks, four times in a lock's duration.
    for (const [id, tracked] of trackedJobs) if (tracked.ts > now) trackedJobs.set(id, { ...tracked, ts: 1 });
  }, lockDuration / 8).unref();
  worker.once("closed", () => clearInterval(timer));
}
