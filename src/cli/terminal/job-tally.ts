// What many jobs have done together: how far the whole is, which of them are at work, how fast, how long still.
// It has no clock of its own.
import type { Progress } from "../../jobs/index.js";
import type { JobUpdate } from "../../producer/index.js";
import { type Amount, figuresOf, ratioOf } from "./progress-figures.js";
import { addSample, rate, type Sample, secondsLeft } from "./rate.js";

/** A job to be counted. */
export interface TalliedJob {
  readonly label: string;
  /** How many bytes it is about, if that is known before it says so. */
  readonly bytes?: number | undefined;
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
  /** Jobs, which are images to the reader, or the images of a batch; undefined for another single job. */
  readonly images: { readonly done: number; readonly total: number; readonly failed: number } | undefined;
  readonly amount: Amount | undefined;
  /** From 0 to 1: of the amount if it is known, else of the jobs. */
  readonly ratio: number;
  /** Per second, in the unit of the amount: what was worked on, not what was there already. */
  readonly rate: number | undefined;
  /** In seconds. */
  readonly left: number | undefined;
  /** Archive bytes per layer byte, of the images that have one by now. */
  readonly compression: number | undefined;
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

/** Begins to count these jobs. */
export function openJobTally(jobs: readonly TalliedJob[]): JobTally {
  const entries = new Map<number, Entry>();
  const active = new Set<number>();
  /** `known`: jobs whose bytes are known; `open`: those of them that have not ended. */
  const sums = { ended: 0, failed: 0, known: 0, open: 0, done: 0, total: 0, packed: 0, archive: 0 };
  for (const { bytes } of jobs) {
    if (bytes === undefined) continue;
    sums.known += 1;
    sums.open += 1;
    sums.total += bytes;
  }
  /** Bytes that were worked on: unlike `sums.done` it never shrinks, and what was there already is not in it. */
  let worked = 0;
  let workedSamples: readonly Sample[] = [];

  const begin = (index: number): Entry => {
    const bytes = jobs[index]?.bytes;
    return {
      progress: undefined,
      bytes: bytes === undefined ? undefined : { done: 0, total: bytes },
      samples: [],
    };
  };
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
  const advance = (index: number, entry: Entry, progress: Progress, now: number, isFirst: boolean) => {
    const before = entry.progress;
    const samePhase = before?.phase === progress.phase && before.unit === progress.unit;
    active.add(index);
    entry.progress = progress;
    entry.samples = addSample(
      samePhase ? entry.samples : [],
      { at: now, value: progress.done },
      jobs.length === 1 ? leftWindow : shownWindow,
    );
    if (progress.unit !== "bytes") return;
    // What was done before this job was followed was done at a time that is not known.
    const since = samePhase ? before.done : isFirst ? progress.done : 0;
    work(progress.done - since, now);
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
      const { layerBytes, archiveBytes, cached } = outcomeOf(result);
      if (layerBytes !== undefined && archiveBytes !== undefined) {
        sums.packed += layerBytes;
        sums.archive += archiveBytes;
      }
      const total = layerBytes ?? entry.bytes?.total;
      // A small one ends before it has told of itself.
      if (!cached && total !== undefined) work(total - (entry.bytes?.done ?? 0), now);
      if (total !== undefined) setBytes(entry, { done: total, total });
    }
    if (entry.bytes !== undefined) sums.open -= 1;
    // Only the sums are still of use.
    entries.delete(index);
  };

  return {
    update(index, update, now) {
      const known = entries.get(index);
      const entry = known ?? begin(index);
      entries.set(index, entry);
      if (update.state === "completed" || update.state === "failed") end(index, entry, update, now);
      else if (update.progress !== undefined)
        advance(index, entry, update.progress, now, known === undefined);
      else if (update.state !== "active") active.delete(index);
    },
    view(now) {
      const active = atWork(now);
      const compression = sums.packed === 0 ? undefined : sums.archive / sums.packed;
      const [only] = entries.values();
      if (jobs.length === 1 && only?.progress !== undefined) {
        const { progress, samples } = only;
        const figures = figuresOf(progress, {
          rate: rate(samples, now, shownWindow),
          left: secondsLeft(progress.total - progress.done, rate(samples, now, leftWindow)),
        });
        const images = figures.images === undefined ? undefined : { ...figures.images, failed: 0 };
        return { ...figures, images, compression, active: images === undefined ? active : [] };
      }
      const images = { done: sums.ended, total: jobs.length, failed: sums.failed };
      const amount = estimate();
      return {
        images: jobs.length === 1 ? undefined : images,
        amount,
        ratio: amount === undefined ? ratioOf(images.done, images.total) : ratioOf(amount.done, amount.total),
        rate: rate(workedSamples, now, shownWindow),
        left:
          amount === undefined
            ? undefined
            : secondsLeft(amount.total - amount.done, rate(workedSamples, now, leftWindow)),
        compression,
        active,
      };
    },
  };

  function atWork(now: number): ActiveJob[] {
    return [...active].flatMap((index) => {
      const { progress, samples } = entries.get(index) ?? {};
      if (progress === undefined || samples === undefined) return [];
      return [{ label: jobs[index]?.label ?? "", progress, rate: rate(samples, now, shownWindow) }];
    });
  }

  /** The bytes of all jobs: those that have not said what they are count as the others do on average. */
  function estimate(): Amount | undefined {
    if (sums.known === 0) return undefined;
    const unknown = jobs.length - sums.ended - sums.open;
    return {
      done: sums.done,
      total: Math.round(sums.total + (unknown * sums.total) / sums.known),
      unit: "bytes",
      estimated: unknown > 0,
    };
  }
}

/** The bytes of a layer and its archive in a job's result, if that is what the job is about, and if it did no work. */
function outcomeOf(result: unknown) {
  const { layerBytes, archiveBytes, cached } = (result ?? {}) as Readonly<Record<string, unknown>>;
  const size = (value: unknown) => (typeof value === "number" ? value : undefined);
  return { layerBytes: size(layerBytes), archiveBytes: size(archiveBytes), cached: cached === true };
}
