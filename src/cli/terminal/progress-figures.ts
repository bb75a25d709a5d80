// What a job's own report comes to: how much, how far, how fast, how long still. A batch says most of that itself.
import type { Progress } from "../../jobs/index.js";

/** A number of bytes, entries or images, and how many there are in all. */
export interface Amount {
  readonly done: number;
  readonly total: number;
  readonly unit: Progress["unit"];
  /** True if the total is partly a guess: not every job has said yet how much it is. */
  readonly estimated: boolean;
}

export interface Figures {
  /** Of a batch: images that are done, of all. */
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
 * The figures of one report.
 * @param measured speed and rest by the clock of whoever listens; a batch's are its own
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
    // Of images that need no work there are no bytes.
    ratio: bytesTotal > 0 ? ratioOf(bytesDone, bytesTotal) : ratioOf(done, total),
    rate: progress.bytesPerSecond,
    left: progress.secondsLeft,
  };
}

/** How much of the total is done, from 0 to 1; 0 of nothing. */
export function ratioOf(done: number, total: number): number {
  return total <= 0 ? 0 : Math.min(1, Math.max(0, done / total));
}
