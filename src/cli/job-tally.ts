// What many jobs have done together: how far the whole is, which of them are at work, how fast, how long still.
// It has no clock of its own.
import type { Progress } from "../jobs/index.js";
import type { JobUpdate } from "../producer/index.js";
import { addSample, rate, type Sample, secondsLeft } from "./rate.js";

/** A number of bytes, entries or images, and how many there are in all. */
export interface Amount {
  readonly done: number;
  readonly total: number;
  readonly unit: Progress["unit"];
  /** True if the total is partly a guess: not every job has said yet how much it is. */
  readonly estimated: boolean;
}

/** A job that is being worked on. */
export interface ActiveJob {
  readonly label: string;
  readonly progress: Progress;
  /** Per second, in the unit of the progress; undefined while it is not known. */
  readonly rate: number | undefined;
}

/** Where the whole stands. */
export interface ProgressView {
  /** Jobs, which are images to the reader. */
  readonly jobs: { readonly done: number; readonly total: number; readonly failed: number };
  readonly amount: Amount | undefined;
  /** From 0 to 1: of the amount if it is known, else of the jobs. */
  readonly ratio: number;
  /** Per second, in the unit of the amount: what was worked on, not what was there already. */
  readonly rate: number | undefined;
  /** In seconds. */
  readonly left: number | undefined;
  /** In the order in which they began. */
  readonly active: readonly ActiveJob[];
}

export interface JobTally {
  /** Notes an update of the job at this place in the list, at `now` ms. */
  update(index: number, update: JobUpdate, now: number): void;
  view(now: number): ProgressView;
}

/** The windows of the speed that is shown, and of that by which the rest is reckoned, in ms. */
const shownWindow = 10_000;
const leftWindow = 60_000;

interface Entry {
  progress: Progress | undefined;
  /** What it is in bytes; undefined while that is not known. */
  bytes: { done: number; total: number } | undefined;
  samples: readonly Sample[];
}

/**
 * Begins to count jobs that go by these labels.
 * @param sizes the bytes each is about, where that is known beforehand
 */
export function openJobTally(labels: readonly string[], sizes: readonly number[] = []): JobTally {
  const entries = new Map<number, Entry>();
  const active = new Set<number>();
  /** `known`: jobs whose bytes are known; `open`: those of them that have not ended. */
  const sums = { ended: 0, failed: 0, known: 0, open: 0, done: 0, total: 0 };
  /** Bytes that were worked on: unlike `sums.done` it never shrinks, and what was there already is not in it. */
  let worked = 0;
  let workedSamples: readonly Sample[] = [];

  const setBytes = (entry: Entry, bytes: { done: number; total: number }) => {
    if (entry.bytes === undefined) {
      sums.known += 1;
      sums.open += 1;
    }
    sums.done += bytes.done - (entry.bytes?.done ?? 0);
    sums.total += bytes.total - (entry.bytes?.total ?? 0);
    entry.bytes = bytes;
  };
  const work = (bytes: number, now: number) => {
    worked += Math.max(0, bytes);
    workedSamples = addSample(workedSamples, { at: now, value: worked }, leftWindow);
  };
  const advance = (index: number, entry: Entry, progress: Progress, now: number) => {
    const before = entry.progress;
    const samePhase = before?.phase === progress.phase && before.unit === progress.unit;
    active.add(index);
    entry.progress = progress;
    entry.samples = addSample(
      samePhase ? entry.samples : [],
      { at: now, value: progress.done },
      labels.length === 1 ? leftWindow : shownWindow,
    );
    if (progress.unit !== "bytes") return;
    // The first report stands for work that began before it, at a time that is not known.
    work(samePhase ? progress.done - before.done : 0, now);
    setBytes(entry, { done: progress.done, total: progress.total });
  };
  const end = (index: number, entry: Entry, { state, result }: JobUpdate, now: number) => {
    active.delete(index);
    sums.ended += 1;
    if (state === "failed") {
      sums.failed += 1;
      // The rest of it will not come.
      if (entry.bytes !== undefined) setBytes(entry, { ...entry.bytes, total: entry.bytes.done });
    } else {
      const total = layerBytes(result) ?? entry.bytes?.total;
      // One that never told of its bytes was there already.
      if (entry.bytes !== undefined && entry.progress?.unit === "bytes" && total !== undefined)
        work(total - entry.bytes.done, now);
      if (total !== undefined) setBytes(entry, { done: total, total });
    }
    if (entry.bytes !== undefined) sums.open -= 1;
    // Only the sums are still of use.
    entries.delete(index);
  };

  for (const [index, total] of sizes.entries()) {
    const entry: Entry = { progress: undefined, bytes: undefined, samples: [] };
    setBytes(entry, { done: 0, total });
    entries.set(index, entry);
  }

  return {
    update(index, update, now) {
      const entry = entries.get(index) ?? { progress: undefined, bytes: undefined, samples: [] };
      entries.set(index, entry);
      if (update.state === "completed" || update.state === "failed") end(index, entry, update, now);
      else if (update.progress !== undefined) advance(index, entry, update.progress, now);
      else if (update.state !== "active") active.delete(index);
    },
    view(now) {
      const jobs = { done: sums.ended, total: labels.length, failed: sums.failed };
      const running = [...active].flatMap((index) => {
        const { progress, samples } = entries.get(index) ?? {};
        if (progress === undefined || samples === undefined) return [];
        return [{ label: labels[index] ?? "", progress, rate: rate(samples, now, shownWindow) }];
      });
      const [only] = entries.values();
      if (labels.length === 1 && only?.progress !== undefined) {
        const { progress, samples } = only;
        return {
          jobs,
          amount: { done: progress.done, total: progress.total, unit: progress.unit, estimated: false },
          ratio: ratioOf(progress.done, progress.total),
          rate: rate(samples, now, shownWindow),
          left: secondsLeft(progress.total - progress.done, rate(samples, now, leftWindow)),
          active: running,
        };
      }
      const amount = estimate();
      return {
        jobs,
        amount,
        ratio: amount === undefined ? ratioOf(jobs.done, jobs.total) : ratioOf(amount.done, amount.total),
        rate: rate(workedSamples, now, shownWindow),
        left:
          amount === undefined
            ? undefined
            : secondsLeft(amount.total - amount.done, rate(workedSamples, now, leftWindow)),
        active: running,
      };
    },
  };

  /** The bytes of all jobs: those that have not said what they are count as the others do on average. */
  function estimate(): Amount | undefined {
    if (sums.known === 0) return undefined;
    const unknown = labels.length - sums.ended - sums.open;
    return {
      done: sums.done,
      total: Math.round(sums.total + (unknown * sums.total) / sums.known),
      unit: "bytes",
      estimated: unknown > 0,
    };
  }
}

/** A layer's size in a job's result, if that is what the job is about. */
function layerBytes(result: unknown): number | undefined {
  if (typeof result !== "object" || result === null || !("layerBytes" in result)) return undefined;
  return typeof result.layerBytes === "number" ? result.layerBytes : undefined;
}

function ratioOf(done: number, total: number): number {
  return total <= 0 ? 0 : Math.min(1, Math.max(0, done / total));
}
