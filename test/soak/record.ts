// The samples of a run, one series each, and what is to be said of them at the end.
import { allSeries, type Sample, type Series } from "./series.js";
import { judge, type Point, type Verdict } from "./trend.js";

export interface Recording {
  readonly samples: readonly { readonly at: number; readonly sample: Sample }[];
  /** @param at how many jobs had ended by then */
  add(at: number, sample: Sample): void;
  /** Judges every series. */
  verdicts(): (Verdict & { readonly series: Series; readonly points: readonly Point[] })[];
}

export function newRecording(): Recording {
  const samples: { at: number; sample: Sample }[] = [];
  return {
    samples,
    add: (at, sample) => void samples.push({ at, sample }),
    verdicts: () =>
      allSeries.map((series) => {
        const points = samples.map(({ at, sample }) => ({ at, value: sample[series.name] }));
        return { series, points, ...judge(points, series.bound) };
      }),
  };
}
