// The line that is fitted: what is level passes whatever its noise, what grows does not.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitTrend, judge, median, type Point } from "./trend.js";

/** Noise between -1 and 1 for as many points as a run has, and the places of a few spikes. */
const noise = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 120, maxLength: 200 });
const spikes = fc.uniqueArray(fc.nat(119), { maxLength: 2 });
/**
 * Noise can make a line rise by itself: medians within ±1 by 3 over the windows, if they are low in the first half and
 * high in the second; that is 4.3 over a run of which they are 70 %.
 */
const madeByNoise = 4.5;

function series(noise: readonly number[], spikes: readonly number[], rise: number): Point[] {
  return noise.map((value, n) => ({
    at: n * 37,
    value: 1_000 + value + (rise * n) / (noise.length - 1) + (spikes.includes(n) ? 5_000 : 0),
  }));
}

describe("a series", () => {
  it("that is level is flat, whatever its noise, and be there spikes", () => {
    fc.assert(
      fc.property(noise, spikes, (noise, spikes) => {
        expect(judge(series(noise, spikes, 0), { absolute: madeByNoise }).isFlat).toBe(true);
      }),
    );
  });

  it("that grows by more than its bound and its noise is not", () => {
    fc.assert(
      fc.property(noise, spikes, fc.double({ min: 0, max: 900, noNaN: true }), (noise, spikes, bound) => {
        const grown = series(noise, spikes, 1.1 * (bound + madeByNoise));
        expect(judge(grown, { absolute: bound }).isFlat).toBe(false);
      }),
    );
  });

  it("that grows is measured to the noise", () => {
    fc.assert(
      fc.property(noise, spikes, fc.double({ min: -900, max: 900, noNaN: true }), (noise, spikes, rise) => {
        const growth = fitTrend(series(noise, spikes, rise))?.growth ?? Number.NaN;
        // A spike in a window puts its median half a step further on.
        expect(Math.abs(growth - rise)).toBeLessThan(madeByNoise + Math.abs(rise) / 20);
      }),
    );
  });

  it("may grow by a part of its mean", () => {
    const grown = series(
      Array.from({ length: 120 }, () => 0),
      [],
      100,
    );
    expect(judge(grown, { ratio: 0.11 }).isFlat).toBe(true);
    expect(judge(grown, { ratio: 0.09 }).isFlat).toBe(false);
    expect(judge(grown, { ratio: 0.09, absolute: 101 }).isFlat).toBe(true);
  });

  it("that only rises while it warms up is flat", () => {
    const points = Array.from({ length: 120 }, (_, n) => ({ at: n, value: Math.min(n, 30) }));
    expect(judge(points, { absolute: 0 })).toMatchObject({ isFlat: true, trend: { slope: 0, first: 30 } });
  });

  it("that shrinks is flat", () => {
    expect(
      judge(
        series(
          Array.from({ length: 120 }, () => 0),
          [],
          -500,
        ),
        { absolute: 0 },
      ).isFlat,
    ).toBe(true);
  });

  it("is not flat if one sample exceeds the ceiling, be it the first", () => {
    const points = Array.from({ length: 120 }, (_, n) => ({ at: n, value: n === 0 ? 1 : 0 }));
    expect(judge(points, { ceiling: 0 }).isFlat).toBe(false);
    expect(judge(points, { ceiling: 1 }).isFlat).toBe(true);
  });

  it("that is too short is judged by its samples alone", () => {
    const points = Array.from({ length: 20 }, (_, n) => ({ at: n, value: n }));
    expect(judge(points, { absolute: 0 })).toMatchObject({ isFlat: true, trend: undefined, highest: 19 });
    expect(judge(points, { absolute: 0, ceiling: 18 }).isFlat).toBe(false);
  });
});

describe("a median", () => {
  it("is the middle one, or the mean of the two in the middle", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
  });
});
