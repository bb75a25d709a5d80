// The one budget of CPU threads of a worker process: compressors share it, first come, first served.
import { cancelled } from "../error.js";

/** Bytes of a layer that keep one thread busy: the block size of the xz recipes. */
const bytesPerThread = 8 * 1024 * 1024;

export interface CpuBudget {
  /** How many threads there are to share. */
  readonly threads: number;
  /**
   * Waits until a layer's share of the threads is free and takes it: one per 8 MiB, at most all. So small
   * layers run side by side and a large one spreads.
   * @throws `CANCELLED`
   */
  take(layerBytes: number, signal: AbortSignal): Promise<CpuShare>;
}

/** Threads that were taken; they are free again when it is disposed of. */
export interface CpuShare extends Disposable {
  readonly threads: number;
}

/** Makes a budget of that many threads. */
export function openCpuBudget(threads: number): CpuBudget {
  let free = threads;
  const queue: { wanted: number; start: () => void }[] = [];
  const serve = () => {
    // In order, even if a smaller one would fit: a large layer must not wait for ever.
    for (let next = queue[0]; next !== undefined && next.wanted <= free; next = queue[0]) {
      queue.shift();
      free -= next.wanted;
      next.start();
    }
  };
  return {
    threads,
    async take(layerBytes, signal) {
      const wanted = Math.max(1, Math.min(Math.ceil(layerBytes / bytesPerThread), threads));
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => {
          queue.splice(queue.indexOf(entry), 1);
          reject(cancelled(signal));
          serve();
        };
        const entry = {
          wanted,
          start: () => {
            signal.removeEventListener("abort", onAbort);
            resolve();
          },
        };
        if (signal.aborted) return reject(cancelled(signal));
        signal.addEventListener("abort", onAbort, { once: true });
        queue.push(entry);
        serve();
      });
      let held = true;
      return {
        threads: wanted,
        [Symbol.dispose]() {
          if (held) free += wanted;
          held = false;
          serve();
        },
      };
    },
  };
}
