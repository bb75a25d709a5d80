// Sums up the progress of many jobs: how much is done, which jobs are active, how fast, and how long the rest will take.
// It has no clock of its own.
import type { Progress } from "../../jobs/index.js";
import { hasEnded, type JobUpdate } from "../../producer/index.js";
import { type Amount, figuresOf, ratioOf } from "./progress-figures.js";
import { addSample, rate, type Sample, secondsLeft } from "./rate.js";

/** A job to be counted. */
export interface TalliedJob {
  readonly label: string;
  /** The bytes that it has to process, if they are known beforehand. */
  readonly bytes?: number | undefined;
}

/** An active job. */
export interface ActiveJob {
  readonly label: string;
  readonly progress: Progress;
  /** Per second, in the unit of the progress; undefined while it is not known. */
  readonly rate: number | undefined;
}

/** The progress of all jobs together. */
export interface ProgressView {
  /** The jobs, each of one image, or the images of a batch; undefined for any other single job. */
  readonly images: { readonly done: number; readonly total: number; readonly failed: number } | undefined;
  readonly amount: Amount | undefined;
  /** From 0 to 1: by the amount if it is known, else by the number of jobs. */
  readonly ratio: number;
  /** Per second, in the unit of the amount. Work that was done before is not counted. */
  readonly rate: number | undefined;
  /** The time left, in seconds. */
  readonly left: number | undefined;
  /** Archive bytes per layer byte, of the images that are done. */
  readonly compression: number | undefined;
  /** In the order in which they began. */
  readonly active: readonly ActiveJob[];
  /** Of a single job that pulls or pushes an image. */
  readonly layers?: Progress["layers"];
}

export interface JobTally {
  /** Takes an update of the job at this index, at `now` ms. */
  update(index: number, update: JobUpdate, now: number): void;
  view(now: number): ProgressView;
}

/** Over how long the rate is measured: the one that is shown, and the one for the time left. In ms. */
const shownWindow = 10_000;
const leftWindow = 60_000;

interface Entry {
  progress: Progress | undefined;
  /** Its bytes; undefined while they are not known. */
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
  /** Bytes that were processed. Unlike `sums.done` it never shrinks, and does not count what was done before. */
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
    // When the work before the first update was done is not known: it is not counted.
    const since = samePhase ? before.done : isFirst ? progress.done : 0;
    work(progress.done - since, now);
    setBytes(entry, { done: progress.done, total: progress.total });
  };
  const end = (index: number, entry: Entry, { state, result }: JobUpdate, now: number) => {
    active.delete(index);
    sums.ended += 1;
    if (state !== "completed") {
      sums.failed += 1;
      // The rest will not be processed.
      if (entry.bytes !== undefined) setBytes(entry, { ...entry.bytes, total: entry.bytes.done });
    } else {
      const { layerBytes, archiveBytes, cached } = outcomeOf(result);
      if (layerBytes !== undefined && archiveBytes !== undefined) {
        sums.packed += layerBytes;
        sums.archive += archiveBytes;
      }
      const total = layerBytes ?? entry.bytes?.total;
      // A small job ends before its first progress.
      if (!cached && total !== undefined) work(total - (entry.bytes?.done ?? 0), now);
      if (total !== undefined) setBytes(entry, { done: total, total });
    }
    if (entry.bytes !== undefined) sums.open -= 1;
    // From now on only the sums are needed.
    entries.delete(index);
  };

  return {
    update(index, update, now) {
      const known = entries.get(index);
      const entry = known ?? begin(index);
      entries.set(index, entry);
      if (hasEnded(update)) end(index, entry, update, now);
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
        const shown = images === undefined ? active : [];
        return { ...figures, images, compression, active: shown, layers: progress.layers };
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

  /** The bytes of all jobs. Jobs whose bytes are not known count as the average of the others. */
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

/** From a job's result: the bytes of the layer and of its archive, if it has them, and whether the result was cached. */
function outcomeOf(result: unknown) {
  const { layerBytes, archiveBytes, cached } = (result ?? {}) as Readonly<Record<string, unknown>>;
  const size = (value: unknown) => (typeof value === "number" ? value : undefined);
  return { layerBytes: size(layerBytes), archiveBytes: size(archiveBytes), cached: cached === true };
}
