// Speed and remaining time: pure functions of what was reported and of the time that is handed in.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openJobTally } from "../../../src/cli/terminal/job-tally.js";
import { addSample, rate, type Sample, secondsLeft } from "../../../src/cli/terminal/rate.js";

const window = 10_000;
const samplesOf = (...pairs: readonly [number, number][]) =>
  pairs.reduce<readonly Sample[]>((all, [at, value]) => addSample(all, { at, value }, window), []);
const bytes = (done: number, total: number, phase = "checksum") =>
  ({ state: "active", progress: { phase, done, total, unit: "bytes" } }) as const;

const named = (...labels: string[]) => labels.map((label) => ({ label }));

describe("rate", () => {
  it("is the growth per second since the first sample, then over the window alone", () => {
    expect(rate(samplesOf([0, 0], [2_000, 10]), 2_000, window)).toBe(5);
    expect(rate(samplesOf([0, 0], [10_000, 1_000], [20_000, 1_100]), 20_000, window)).toBe(10);
  });

  it("is not known before a second has passed, and falls to nothing when nothing comes", () => {
    expect(rate([], 0, window)).toBeUndefined();
    expect(rate(samplesOf([0, 0], [900, 10]), 900, window)).toBeUndefined();
    const stalled = samplesOf([0, 0], [1_000, 100]);
    expect([2_000, 11_000, 60_000].map((now) => rate(stalled, now, window))).toEqual([50, 0, 0]);
  });

  it("does not spread what came after a long rest over the rest", () => {
    expect(rate(samplesOf([0, 0], [60_000, 100]), 60_000, window)).toBe(10);
  });

  it("begins anew when the value falls: a second try, or another phase", () => {
    expect(rate(samplesOf([0, 0], [5_000, 500], [6_000, 0], [8_000, 40]), 8_000, window)).toBe(20);
  });

  it("of a steady growth is that growth, however it is reported; few samples are kept", () => {
    const steps = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 20, maxLength: 400 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 1_000_000 }), (gaps, perSecond) => {
        let now = 0;
        let samples: readonly Sample[] = [{ at: 0, value: 0 }];
        for (const gap of gaps) {
          now += gap;
          samples = addSample(samples, { at: now, value: (now / 1_000) * perSecond }, window);
        }
        expect(samples.length).toBeLessThanOrEqual(window / 100 + 3);
        if (now < 1_000) return;
        // The window's edge may fall between two samples, at most 3 s apart.
        const measured = rate(samples, now, window) ?? Number.NaN;
        expect(measured).toBeGreaterThan(perSecond * 0.99);
        expect(measured).toBeLessThan(perSecond * 1.31);
      }),
    );
  });
});

it("secondsLeft divides, and knows when there is nothing to divide", () => {
  expect(secondsLeft(100, 20)).toBe(5);
  expect([secondsLeft(100, undefined), secondsLeft(100, 0)]).toEqual([undefined, undefined]);
  expect(secondsLeft(0, undefined)).toBe(0);
});

describe("a tally", () => {
  it("adds up what all jobs are at, and tells which are at work in the order they began", () => {
    const tally = openJobTally(named("a", "b", "c"));
    tally.update(1, bytes(0, 200), 0);
    tally.update(0, bytes(0, 100), 0);
    tally.update(2, { state: "waiting" }, 0);
    tally.update(1, bytes(60, 200), 2_000);
    tally.update(0, bytes(40, 100), 2_000);
    expect(tally.view(2_000)).toEqual({
      images: { done: 0, total: 3, failed: 0 },
      // c has not said what it is: it counts as the mean of the others.
      amount: { done: 100, total: 450, unit: "bytes", estimated: true },
      ratio: 100 / 450,
      rate: 50,
      left: 350 / 50,
      compression: undefined,
      active: [
        { label: "b", progress: bytes(60, 200).progress, rate: 30 },
        { label: "a", progress: bytes(40, 100).progress, rate: 20 },
      ],
    });
  });

  it("counts a job that ended whole, and does not take what was stored already for work done", () => {
    const tally = openJobTally(named("stored", "computed", "failed"));
    tally.update(0, { state: "completed", result: { layerBytes: 1_000_000, cached: true } }, 0);
    tally.update(1, bytes(0, 100), 0);
    tally.update(1, { state: "completed", result: { layerBytes: 100 } }, 2_000);
    tally.update(2, bytes(5, 100), 2_000);
    tally.update(2, { state: "failed", error: { code: "INTERNAL", message: "" } }, 3_000);
    expect(tally.view(4_000)).toMatchObject({
      images: { done: 3, total: 3, failed: 1 },
      amount: { done: 1_000_105, total: 1_000_105, estimated: false },
      ratio: 1,
      rate: 25,
      left: 0,
      active: [],
    });
  });

  it("takes a job that waits for its next try off the list, and back when it is at work again", () => {
    const tally = openJobTally(named("a", "b"));
    tally.update(0, bytes(50, 100), 0);
    tally.update(0, { state: "delayed" }, 1_000);
    expect(tally.view(1_000).active).toEqual([]);
    tally.update(0, bytes(10, 100), 2_000);
    expect(tally.view(2_000)).toMatchObject({ amount: { done: 10 }, active: [{ label: "a" }] });
  });

  it("of jobs that are not measured in bytes goes by their number", () => {
    const tally = openJobTally(named("a", "b"));
    tally.update(0, { state: "active", progress: { phase: "x", done: 1, total: 9, unit: "entries" } }, 0);
    tally.update(1, { state: "completed", result: {} }, 0);
    expect(tally.view(0)).toMatchObject({ amount: undefined, ratio: 0.5, left: undefined });
  });

  it("of one job is that job, whatever its unit", () => {
    const tally = openJobTally(named("graph"));
    const images = (done: number) =>
      ({ state: "active", progress: { phase: "checksum", done, total: 10, unit: "images" } }) as const;
    tally.update(0, images(0), 0);
    tally.update(0, images(4), 2_000);
    expect(tally.view(2_000)).toMatchObject({
      amount: { done: 4, total: 10, unit: "images" },
      ratio: 0.4,
      rate: 2,
      left: 3,
    });
  });

  it("guesses nothing where the sizes are known beforehand, and takes off what a failed job does not do", () => {
    const tally = openJobTally([
      { label: "giant", bytes: 1_000 },
      { label: "small", bytes: 10 },
    ]);
    tally.update(0, bytes(500, 1_000), 0);
    expect(tally.view(0).amount).toEqual({ done: 500, total: 1_010, unit: "bytes", estimated: false });
    tally.update(1, { state: "completed", result: { layerBytes: 10 } }, 5_000);
    tally.update(0, { state: "failed", error: { code: "INTERNAL", message: "" } }, 5_000);
    expect(tally.view(5_000)).toMatchObject({ amount: { done: 510, total: 510 }, left: 0 });
  });

  it("takes the first report of a job for work if the job was seen to begin", () => {
    const tally = openJobTally(named("joined", "begun"));
    tally.update(0, bytes(5_000, 10_000), 0);
    tally.update(1, { state: "active" }, 0);
    tally.update(1, bytes(1_000, 10_000), 4_000);
    expect(tally.view(5_000).rate).toBe(200);
  });

  it("takes for work what ended before it had told of itself", () => {
    const tally = openJobTally(named(...Array(100).fill("small")));
    for (let at = 0; at < 50; at++) {
      tally.update(at, { state: "completed", result: { layerBytes: 30, cached: false } }, at * 100);
    }
    expect(tally.view(4_900)).toMatchObject({ rate: 300, left: 5, amount: { done: 1_500, total: 3_000 } });
  });

  it("knows how small the archives are, by what has ended", () => {
    const tally = openJobTally(named("a", "b", "c"));
    expect(tally.view(0).compression).toBeUndefined();
    tally.update(0, { state: "completed", result: { layerBytes: 300, archiveBytes: 60 } }, 0);
    // A checksum of an old dictionary comes without an archive.
    tally.update(1, { state: "completed", result: { layerBytes: 9_000, archiveBytes: null } }, 0);
    tally.update(2, { state: "completed", result: { layerBytes: 100, archiveBytes: 60 } }, 0);
    expect(tally.view(0).compression).toBe(0.3);
  });

  it("of a batch is what the batch says of itself, also before its children have begun", () => {
    const tally = openJobTally(named("all images"));
    const progress = {
      ...{ phase: "images", done: 3, total: 12, unit: "images" as const },
      ...{ bytesDone: 200, bytesTotal: 800, bytesPerSecond: 40, secondsLeft: 15 },
    };
    tally.update(0, { state: "waiting-children" }, 0);
    expect(tally.view(0)).toMatchObject({ images: undefined, ratio: 0 });
    tally.update(0, { state: "active", progress }, 1_000);
    expect(tally.view(90_000)).toEqual({
      images: { done: 3, total: 12, failed: 0 },
      amount: { done: 200, total: 800, unit: "bytes", estimated: false },
      ratio: 0.25,
      rate: 40,
      left: 15,
      compression: undefined,
      active: [],
    });
    const cachedOnly = { ...progress, done: 12, bytesDone: 0, bytesTotal: 0 };
    tally.update(0, { state: "active", progress: cachedOnly }, 1_000);
    expect(tally.view(90_000)).toMatchObject({ ratio: 1 });
  });

  it("never has less than nothing or more than all, whatever comes in", () => {
    const update = fc.oneof(
      fc.record({ done: fc.nat(1_000), total: fc.nat(1_000), phase: fc.constantFrom("a", "b") }),
      fc.constantFrom("waiting", "delayed", "completed", "failed"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), update, fc.nat(5_000))), (updates) => {
        const tally = openJobTally(named("a", "b", "c", "d", "e"));
        const ended = new Set<number>();
        let now = 0;
        for (const [index, what, gap] of updates) {
          if (ended.has(index)) continue;
          now += gap;
          if (typeof what === "string") tally.update(index, { state: what as "waiting" }, now);
          else tally.update(index, bytes(what.done, what.total, what.phase), now);
          if (what === "completed" || what === "failed") ended.add(index);
          const { ratio, rate, left, images } = tally.view(now);
          expect(ratio).toBeGreaterThanOrEqual(0);
          expect(ratio).toBeLessThanOrEqual(1);
          expect(rate ?? 0).toBeGreaterThanOrEqual(0);
          expect(left ?? 0).toBeGreaterThanOrEqual(0);
          expect(images?.done).toBe(ended.size);
        }
      }),
    );
  });
});
