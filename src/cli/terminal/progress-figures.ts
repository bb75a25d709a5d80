// The figures of a job's progress: amount, ratio, rate, and time left. A batch reports most of them itself.
import type { Progress } from "../../jobs/index.js";

/** How many bytes, entries or images are done, and how many there are in all. */
export interface Amount {
  readonly done: number;
  readonly total: number;
  readonly unit: Progress["unit"];
  /** True if the total is partly estimated, because not every job has reported its own. */
  readonly estimated: boolean;
}

export interface Figures {
  /** Of a batch: how many images are done, of how many. */
  readonly images: { readonly done: number; readonly total: number } | undefined;
  readonly amount: Amount;
  /** From 0 to 1. */
  readonly ratio: number;
  /** Per second, in the unit of the amount; undefined while it is not known. */
  readonly rate: number | undefined;
  /** In seconds; undefined while it is not known. */
  readonly left: number | undefined;
}

/**
 * The figures of a progress.
 * @param measured the caller's rate and time left, in seconds; a batch has its own
 */
export function figuresOf(
  progress: Progress,
  measured: { readonly rate: number | undefined; readonly left?: number | undefined },
): Figures {
  const { done, total, unit, bytesDone, bytesTotal } = progress;
  if (bytesDone === undefined || bytesTotal === undefined) {
    const amount = { done, total, unit, estimated: false } as const;
    return {
      images: undefined,
      amount,
      ratio: ratioOf(done, total),
      rate: measured.rate,
      left: measured.left,
    };
  }
  return {
    images: { done, total },
    amount: { done: bytesDone, total: bytesTotal, unit: "bytes", estimated: false },
    // Without bytes if no image needs work.
    ratio: bytesTotal > 0 ? ratioOf(bytesDone, bytesTotal) : ratioOf(done, total),
    rate: progress.bytesPerSecond,
    left: progress.secondsLeft,
  };
}

/** How much of the total is done, from 0 to 1; 0 of nothing. */
export function ratioOf(done: number, total: number): number {
  return total <= 0 ? 0 : Math.min(1, Math.max(0, done / total));
}
