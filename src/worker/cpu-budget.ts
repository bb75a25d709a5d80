// The budget of CPU threads that the compressors of a worker process share: first come, first served, batches last.
import { cancelled, defaultRecipe, recipes } from "../terms/index.js";

/** How many bytes of a layer keep one thread busy: a block. */
const bytesPerThread = recipes[defaultRecipe].blockSize;

/** Whether the image was asked for by itself, or is one of a batch. Single images go first. */
export type Urgency = "single" | "batch";

export interface CpuBudget {
  /** How many threads there are to share. */
  readonly threads: number;
  /** How many of them are taken now. */
  busy(): number;
  /**
   * Waits for its turn and takes threads for a layer: one per 8 MiB, as many of these as are free. So small layers run
   * concurrently, a large one uses many threads, and no thread is idle while a layer waits.
   * @throws `CANCELLED`
   */
  take(layerBytes: number, urgency: Urgency, signal: AbortSignal): Promise<CpuShare>;
  /** The same for work that is done by one thread, whatever the layer's size. */
  takeOne(urgency: Urgency, signal: AbortSignal): Promise<CpuShare>;
}

/** Threads that were taken. They are free again when it is disposed of. */
interface CpuShare extends Disposable {
  /** How many threads were taken. */
  readonly threads: number;
  /** Gives back all threads but one: for work that is at its last blocks, which leave threads idle. */
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
