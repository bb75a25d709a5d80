// The short form of the soak: too few jobs to tell a slope, but each has to end as expected, and nothing may stay.
import { expect, it } from "vitest";
import { jobNames } from "../../src/jobs/index.js";
import { isGood } from "./report.js";
import { soak } from "./soak.js";

/** In ms; it takes a tenth of that, but other tests run beside it. */
const timeout = 300_000;

it(
  "jobs of every kind all end as expected, and the worker holds no more than before",
  async () => {
    // With those that the last lives bring it is about 300.
    const result = await soak({ seed: 7, jobs: 150, isFilled: false, samples: 20, tell: () => undefined });
    expect(result.tally.problems).toEqual([]);
    expect(isGood(result)).toBe(true);
    expect(result.tally).toMatchObject({ lost: 0, count: result.tally.completed + result.tally.failed });
    expect(result.tally.count).toBeGreaterThanOrEqual(250);
    expect(result.checked).toBe(8);

    // Of every job, or the soak would tell nothing of it.
    const endings = [...result.tally.endings.keys()];
    for (const name of jobNames) expect(endings).toContain(`${name} completed`);
    expect(endings).toEqual(expect.arrayContaining(["store CANCELLED", "delete IMAGE_IN_USE"]));

    const samples = result.recording.samples.map(({ sample }) => sample);
    expect(samples.length).toBeGreaterThan(4);
    for (const name of ["descriptors", "redis-clients"] as const) {
      const [first = 0, ...others] = samples.map((sample) => sample[name]);
      expect(others.at(-1), name).toBeLessThanOrEqual(first);
    }
  },
  timeout,
);
