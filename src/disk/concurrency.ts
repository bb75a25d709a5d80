// Work on the items of a list, several at a time; turns; and one run of work for all who ask for it.
import { cancelled, throwIfAborted } from "../terms/index.js";

/**
 * Works on each item, on so many at a time; the next one is begun as soon as one is done. When one fails the others are
 * ended, and none is begun any more. None runs on when this has settled.
 * @throws what `work` throws, for whichever item that is first; `CANCELLED`
 */
export async function forEachConcurrent<Item>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  const waiting = items.values();
  const workInTurn = async () => {
    for (const item of waiting) {
      if (either.aborted) return;
      try {
        await work(item, either);
      } catch (error) {
        failures.push(error);
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, workInTurn));
  if (failures.length > 0) throw failures[0];
  throwIfAborted(signal);
}

/**
 * Yields what `make` makes of each item, in the order of the items. So many are begun, or made and not yet taken, at a
 * time. When one fails the others are ended; none runs on when the iteration is over, however that ends.
 * @throws what `make` throws, for whichever item that is first
 */
export async function* mapConcurrent<Item, Made>(
  items: readonly Item[],
  concurrency: number,
  make: (item: Item, signal: AbortSignal) => Promise<Made>,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Made, void, undefined> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const failed = new Promise<never>((_, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
  });
  failed.catch(() => undefined);
  const ahead: Promise<Made>[] = [];
  try {
    for (let next = 0; ; ) {
      for (; next < items.length && ahead.length < concurrency; next++) {
        const making = make(items[next] as Item, either);
        making.catch((error: unknown) => stop.abort(error));
        ahead.push(making);
      }
      const first = ahead[0];
      if (first === undefined) return;
      yield await Promise.race([first, failed]);
      ahead.shift();
    }
  } finally {
    stop.abort();
    await Promise.allSettled(ahead);
  }
}

/**
 * Gives so many turns at a time, first come, first served. A turn ends when it is disposed of.
 * @throws `CANCELLED` while it waits
 */
export function openTurns(most: number): (signal?: AbortSignal | undefined) => Promise<Disposable> {
  const waiting = new Set<() => void>();
  let free = most;
  const giveBack = () => {
    const [next] = waiting;
    if (next === undefined) free++;
    else next();
  };
  return async (signal) => {
    throwIfAborted(signal);
    if (free > 0) {
      free--;
    } else {
      await new Promise<void>((resolve, reject) => {
        const begin = () => {
          waiting.delete(begin);
          signal?.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          waiting.delete(begin);
          if (signal !== undefined) reject(cancelled(signal));
        };
        waiting.add(begin);
        signal?.addEventListener("abort", giveUp, { once: true });
      });
    }
    let hasEnded = false;
    return {
      [Symbol.dispose]() {
        if (!hasEnded) giveBack();
        hasEnded = true;
      },
    };
  };
}

/**
 * A function that runs `work`. All who call it while one run is under way share the next one: however many call, no more
 * than one runs at a time, and each gets a result that was begun after its call.
 */
export function shareRuns<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const run = work();
      running = run.catch(() => undefined);
      return run;
    });
    return next;
  };
}
