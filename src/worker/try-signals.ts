// The signals by which the tries of a worker are aborted. BullMQ makes one for every try whose function takes one; most
// tries that find their result at hand have no use for theirs, so here each is made when it is first asked for.
import type { Worker } from "bullmq";

/** How a try is aborted, until it is disposed of. */
export interface TrySignal extends Disposable {
  /** Why it was aborted; undefined if it was not. */
  readonly reason: unknown;
  readonly signal: AbortSignal;
  /** Aborts this try, whichever else its job has; only the first reason counts. */
  abort(reason: unknown): void;
}

/** Has a worker abort tries by their signals, where its function leaves BullMQ's to it. @returns what begins a try */
export function openTrySignals(worker: Pick<Worker, "cancelJob" | "cancelAllJobs">): {
  begin(jobId: string): TrySignal;
} {
  const running = new Map<string, ReturnType<typeof beginTry>>();
  worker.cancelJob = (id, reason) => {
    const found = running.get(id);
    found?.abort(reason);
    return found !== undefined;
  };
  worker.cancelAllJobs = (reason) => {
    for (const one of running.values()) one.abort(reason);
  };
  return {
    begin(jobId) {
      const begun = beginTry(() => {
        // A job that lost its lock may have been taken up again by this very worker.
        if (running.get(jobId) === begun) running.delete(jobId);
      });
      running.set(jobId, begun);
      return begun;
    },
  };
}

function beginTry(end: () => void) {
  let controller: AbortController | undefined;
  let isAborted = false;
  let why: unknown;
  return {
    get reason() {
      return why;
    },
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (isAborted) controller.abort(why);
      }
      return controller.signal;
    },
    abort(reason: unknown) {
      if (isAborted) return;
      isAborted = true;
      why = reason;
      controller?.abort(reason);
    },
    [Symbol.dispose]: end,
  } satisfies TrySignal;
}
