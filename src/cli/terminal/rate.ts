// The growth rate of a value over a sliding window, and how long the rest will take. Pure: the time is always an argument,
// in ms of any one clock.

/** A value at a time. */
export interface Sample {
  /** In ms. */
  readonly at: number;
  readonly value: number;
}

/** Samples closer together than this are merged, in ms, so that a window holds a bounded number of them. */
const spacing = 100;
/** A rate over a shorter time is not meaningful, in ms. */
const leastTime = 1_000;

/**
 * Adds a sample, and drops those that a window of `window` ms no longer needs. A value below the last one starts a new
 * series: it counts something else now, or the same a second time.
 */
export function addSample(samples: readonly Sample[], sample: Sample, window: number): readonly Sample[] {
  const last = samples.at(-1);
  if (last !== undefined && sample.value < last.value) return [sample];
  const beforeLast = samples.at(-2);
  const replaces = beforeLast !== undefined && sample.at - beforeLast.at < spacing;
  const kept = replaces ? samples.slice(0, -1) : samples;
  return [...kept.slice(baseOf(kept, sample.at - window)), sample];
}

/** The growth per second over the last `window` ms; undefined while there are too few samples. */
export function rate(samples: readonly Sample[], now: number, window: number): number | undefined {
  const start = now - window;
  const base = samples[baseOf(samples, start)];
  const last = samples.at(-1);
  if (base === undefined || last === undefined || now - base.at < leastTime) return undefined;
  // A sample before the window counts as one at the window's start.
  return ((last.value - base.value) / (now - Math.max(base.at, start))) * 1_000;
}

/** How many seconds `remaining` takes at `perSecond`; undefined if that is not known, or never. */
export function secondsLeft(remaining: number, perSecond: number | undefined): number | undefined {
  if (remaining <= 0) return 0;
  return perSecond === undefined || perSecond <= 0 ? undefined : remaining / perSecond;
}

/** The index of the newest sample that is not after `start`, else of the oldest one. */
function baseOf(samples: readonly Sample[], start: number): number {
  return Math.max(
    0,
    samples.findLastIndex(({ at }) => at <= start),
  );
}
