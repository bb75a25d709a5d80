// Turns at something that is scarce: single images first, batches last, and of these whatever is nearest to its end.
import { cancelled } from "../terms/index.js";

/** Whether the image was asked for by itself, or is one of a batch. Single images go first. */
export type Urgency = "single" | "batch";

/** Work that waits for its turn. */
export interface UrgentWork {
  readonly urgency: Urgency;
  /** How many bytes of its layer are still to be worked on, asked anew each time a turn is free. */
  remaining(): number;
  /** True for work that others are at already: it goes behind all else. Asked anew as `remaining`. */
  isSpare?(): boolean;
}

/** What was taken, until it is disposed of. */
export interface Turn extends Disposable {
  /** How much was taken. */
  readonly count: number;
}

/** Something of which there is so much. */
interface TurnsByUrgency {
  /** How much of it is taken. */
  taken(): number;
  /** How many wait for it. */
  waiting(): number;
  /**
   * Waits until some of it is free, and takes what is free, but no more than is wanted.
   * @throws `CANCELLED`
   */
  take(work: UrgentWork, wanted: number, signal: AbortSignal): Promise<Turn>;
  /** Has the limit asked anew: there is more of it now. */
  serve(): void;
}

interface Waiting {
  readonly work: UrgentWork;
  readonly wanted: number;
  start(granted: number): void;
}

/** @param limit how much there is, which may change */
export function openTurnsByUrgency(limit: () => number): TurnsByUrgency {
  let taken = 0;
  const queue = new Set<Waiting>();
  const serve = () => {
    for (let free = limit() - taken; free > 0; free = limit() - taken) {
      const next = firstOf(queue);
      if (next === undefined) return;
      queue.delete(next);
      const granted = Math.min(next.wanted, free);
      taken += granted;
      next.start(granted);
    }
  };
  return {
    taken: () => taken,
    waiting: () => queue.size,
    serve,
    async take(work, wanted, signal) {
      const count = await new Promise<number>((resolve, reject) => {
        const onAbort = () => {
          queue.delete(entry);
          reject(cancelled(signal));
        };
        const entry: Waiting = {
          work,
          wanted,
          start(granted) {
            signal.removeEventListener("abort", onAbort);
            resolve(granted);
          },
        };
        if (signal.aborted) return reject(cancelled(signal));
        signal.addEventListener("abort", onAbort, { once: true });
        queue.add(entry);
        serve();
      });
      let isHeld = true;
      return {
        count,
        [Symbol.dispose]() {
          if (!isHeld) return;
          isHeld = false;
          taken -= count;
          serve();
        },
      };
    },
  };
}

/** The first that waits: of those that are equally near to their end, the one that came first. */
function firstOf(queue: Iterable<Waiting>): Waiting | undefined {
  let first: Waiting | undefined;
  for (const entry of queue) if (first === undefined || goesBefore(entry.work, first.work)) first = entry;
  return first;
}

function goesBefore(work: UrgentWork, other: UrgentWork): boolean {
  const [isSpare, isOtherSpare] = [work, other].map((each) => each.isSpare?.() ?? false);
  if (isSpare !== isOtherSpare) return isOtherSpare === true;
  if (work.urgency !== other.urgency) return work.urgency === "single";
  return work.remaining() < other.remaining();
}

/**
 * Takes one of several things, whichever is free first.
 * @throws what the first to fail throws; `CANCELLED`
 */
export async function takeEither<Taken extends Disposable>(
  takes: readonly ((signal: AbortSignal) => Promise<Taken>)[],
  signal: AbortSignal,
): Promise<Taken> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let first: Taken | undefined;
  const taking = takes.map(async (take) => {
    const taken = await take(either);
    // Two may be free in the same moment.
    if (first === undefined) first = taken;
    else if (first !== taken) taken[Symbol.dispose]();
  });
  try {
    await Promise.race(taking);
  } finally {
    stop.abort();
    await Promise.allSettled(taking);
  }
  return first as Taken;
}
