// The one budget of CPU threads of a worker process: compressors share it, first come, first served, batches last.
import { cancelled, defaultRecipe, recipes } from "../terms/index.js";

/** Bytes of a layer that keep one thread busy: a block. */
const bytesPerThread = recipes[defaultRecipe].blockSize;

/** Whether somebody waits for this image, or it is one of a batch: who waits for one does not wait for a batch. */
export type Urgency = "single" | "batch";

export interface CpuBudget {
  /** How many threads there are to share. */
  readonly threads: number;
  /** How many of them are taken now. */
  busy(): number;
  /**
   * Waits for its turn and takes a layer's share of the threads: one per 8 MiB, as many as are free. So small layers
   * run side by side, a large one spreads, and no thread is idle while somebody waits.
   * @throws `CANCELLED`
   */
  take(layerBytes: number, urgency: Urgency, signal: AbortSignal): Promise<CpuShare>;
  /** The same for work that is done by one thread, whatever the layer's size. */
  takeOne(urgency: Urgency, signal: AbortSignal): Promise<CpuShare>;
}

/** Threads that were taken; they are free again when it is disposed of. */
interface CpuShare extends Disposable {
  /** How many were had. */
  readonly threads: number;
  /** Gives back all but one: for work that comes to its end, of which the last blocks leave threads idle. */
  finish(): void;
}

interface Waiting {
  readonly wanted: number;
  readonly urgency: Urgency;
  start(granted: number): void;
}

/** Makes a budget of that many threads. */
export function openCpuBudget(threads: number): CpuBudget {
  let free = threads;
  const queue: Waiting[] = [];
  const serve = () => {
    for (let next = queue[0]; next !== undefined && free > 0; next = queue[0]) {
      queue.shift();
      const granted = Math.min(next.wanted, free);
      free -= granted;
      next.start(granted);
    }
  };
  const takeThreads = async (wanted: number, urgency: Urgency, signal: AbortSignal): Promise<CpuShare> => {
    const granted = await new Promise<number>((resolve, reject) => {
      const onAbort = () => {
        queue.splice(queue.indexOf(entry), 1);
        reject(cancelled(signal));
      };
      const entry: Waiting = {
        wanted,
        urgency,
        start(count) {
          signal.removeEventListener("abort", onAbort);
          resolve(count);
        },
      };
      if (signal.aborted) return reject(cancelled(signal));
      signal.addEventListener("abort", onAbort, { once: true });
      const firstOfBatch = queue.findIndex((other) => other.urgency === "batch");
      queue.splice(urgency === "single" && firstOfBatch >= 0 ? firstOfBatch : queue.length, 0, entry);
      serve();
    });
    let held = granted;
    const keep = (count: number) => {
      free += Math.max(0, held - count);
      held = Math.min(held, count);
      serve();
    };
    return { threads: granted, finish: () => keep(1), [Symbol.dispose]: () => keep(0) };
  };
  return {
    threads,
    busy: () => threads - free,
    take: (layerBytes, urgency, signal) =>
      takeThreads(Math.max(1, Math.min(Math.ceil(layerBytes / bytesPerThread), threads)), urgency, signal),
    takeOne: (urgency, signal) => takeThreads(1, urgency, signal),
  };
}
