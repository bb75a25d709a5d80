// Renews the locks of the tries that run in this process. BullMQ's own renewal knows a try by its job alone: where a worker
// that was cut off takes a job up again, while its former try still runs, the end of that one would end the renewals of the
// new one, and the loss of its lock abort the new one.
import type { Worker } from "bullmq";

/** What holds the locks of a queue's tries. */
export interface HeldLocks {
  /**
   * Renews a try's lock until it is disposed of.
   * @param token the lock's
   * @param lose called if the lock is lost: the job is another try's, or waits to be
   */
  hold(jobId: string, token: string, lose: () => void): Disposable;
}

interface HeldLock {
  readonly jobId: string;
  readonly token: string;
  readonly lose: () => void;
  /** When it was taken or renewed, by `performance.now()`: the host's clock may be set meanwhile. */
  since: number;
}

/**
 * Holds locks for one BullMQ worker, which is to skip its own renewal.
 * @param lockDuration in ms; a lock is renewed before half of it is over
 */
export function openHeldLocks(
  worker: Pick<Worker, "extendJobLocks" | "emit">,
  lockDuration: number,
): HeldLocks {
  const held = new Set<HeldLock>();
  const interval = lockDuration / 4;
  let isWaiting = false;

  const renew = async (lock: HeldLock): Promise<void> => {
    const { jobId, token } = lock;
    lock.since = performance.now();
    const failed = await worker.extendJobLocks([jobId], [token], lockDuration);
    // Nobody waits for the lock of a try that has ended meanwhile.
    if (failed.length === 0 || !held.delete(lock)) return;
    lock.lose();
    worker.emit("error", new Error(`could not renew lock for job ${jobId}`));
  };
  const renewAll = async (): Promise<void> => {
    const now = performance.now();
    const due = [...held].filter(({ since }) => since + interval <= now);
    const ends = await Promise.allSettled(due.map(renew));
    // An outage is the same for all.
    const refused = ends.find((end) => end.status === "rejected");
    if (refused !== undefined) worker.emit("error", refused.reason as Error);
    isWaiting = false;
    if (held.size > 0) start();
  };
  const start = () => {
    if (isWaiting) return;
    isWaiting = true;
    setTimeout(renewAll, interval).unref();
  };

  return {
    hold(jobId, token, lose) {
      const lock = { jobId, token, lose, since: performance.now() };
      held.add(lock);
      start();
      return { [Symbol.dispose]: () => void held.delete(lock) };
    },
  };
}
