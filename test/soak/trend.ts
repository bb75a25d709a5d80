// Whether a series stays level: a line through the medians of windows, and how far it would rise over the whole run.

/** One look at one thing. */
export interface Point {
  /** How many jobs had ended by then. */
  readonly at: number;
  readonly value: number;
}

/** A line through a series. */
export interface Trend {
  /** The medians of the first and the last window. */
  readonly first: number;
  readonly last: number;
  /** The mean of the windows' medians. */
  readonly mean: number;
  /** What is added per job. */
  readonly slope: number;
  /** What the slope adds over the whole run, its warm-up included. */
  readonly growth: number;
}

/** What a series may do. Growth is allowed up to the larger of the two, the ratio and the absolute one. */
export interface Bound {
  /** Growth over the whole run, as a part of the mean. */
  readonly ratio?: number;
  /** Growth over the whole run, in the unit of the series. */
  readonly absolute?: number;
  /** What no single sample may exceed. */
  readonly ceiling?: number;
}

export interface Verdict {
  /** Undefined for a series that is too short to tell. */
  readonly trend: Trend | undefined;
  /** The growth that is allowed; undefined if only single samples are judged. */
  readonly allowed: number | undefined;
  readonly highest: number;
  readonly isFlat: boolean;
}

/** The part of a run that is left out at its beginning: caches fill, V8 sizes its heap, code is compiled. */
export const warmUp = 0.3;
/** How many windows there are after that, and how many points each must have for its median to shrug off a spike. */
const windows = 10;
const pointsPerWindow = 3;

/** Judges a series, whose points come in order. Growth is not judged of one that is too short; its samples are. */
export function judge(points: readonly Point[], { ratio, absolute, ceiling = Infinity }: Bound): Verdict {
  const highest = Math.max(...points.map(({ value }) => value));
  const trend = fitTrend(points);
  const isGrowthBounded = ratio !== undefined || absolute !== undefined;
  const allowed =
    isGrowthBounded && trend !== undefined
      ? Math.max((ratio ?? 0) * Math.abs(trend.mean), absolute ?? 0)
      : undefined;
  const grows = allowed !== undefined && trend !== undefined && trend.growth > allowed;
  return { trend, allowed, highest, isFlat: !grows && !(highest > ceiling) };
}

/** Fits the line by least squares; undefined for fewer than 30 points after the warm-up. */
export function fitTrend(points: readonly Point[]): Trend | undefined {
  const [start, end] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  const warm = points.filter(({ at }) => at >= start + warmUp * (end - start));
  if (warm.length < windows * pointsPerWindow) return undefined;
  const medians = Array.from({ length: windows }, (_, n) => {
    const window = warm.slice(
      Math.floor((n * warm.length) / windows),
      Math.floor(((n + 1) * warm.length) / windows),
    );
    return { at: median(window.map(({ at }) => at)), value: median(window.map(({ value }) => value)) };
  });
  const slope = slopeOf(medians);
  return {
    first: medians[0]?.value ?? 0,
    last: medians.at(-1)?.value ?? 0,
    mean: meanOf(medians.map(({ value }) => value)),
    slope,
    growth: slope * (end - start),
  };
}

/** The middle of some numbers, the mean of the two middle ones if their count is even. NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return meanOf(sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1));
}

/** Least squares: the sum of (x - mean x)(y - mean y) over that of (x - mean x)². */
function slopeOf(points: readonly Point[]): number {
  const x = meanOf(points.map(({ at }) => at));
  const y = meanOf(points.map(({ value }) => value));
  const spread = points.reduce((sum, { at }) => sum + (at - x) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, { at, value }) => sum + (at - x) * (value - y), 0) / spread;
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
