// Work on the items of a list: side by side, its results in order, and nothing left running.
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapConcurrent } from "../../src/interchange/map-concurrent.js";
import { collect } from "../support/collect.js";

describe("work on several items", () => {
  it("gives its results in the order of the items, and never more are under way than may be", async () => {
    const delays = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 1, max: 4 }), async (items, concurrency) => {
        let [running, most, taken, begun] = [0, 0, 0, 0];
        const make = async (turns: number) => {
          begun += 1;
          expect(begun - taken).toBeLessThanOrEqual(concurrency);
          most = Math.max(most, ++running);
          for (let turn = 0; turn < turns; turn++) await setImmediate();
          running -= 1;
          return turns;
        };
        const made: number[] = [];
        for await (const each of mapConcurrent(items, concurrency, make)) {
          made.push(each);
          await setImmediate();
          taken += 1;
        }
        expect(made).toEqual(items);
        expect(most).toBe(Math.min(concurrency, items.length));
      }),
      { numRuns: 40 },
    );
  });

  /** Work that goes on until it is ended. */
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );

  it("fails with the first failure, though it is not the next in turn, and ends the others", async () => {
    const ended: string[] = [];
    const make = async (item: string, signal: AbortSignal) => {
      if (item === "bad") throw new Error("no good");
      return untilAborted(signal).finally(() => ended.push(item));
    };
    await expect(collect(mapConcurrent(["a", "b", "bad", "never begun"], 3, make))).rejects.toThrow(
      "no good",
    );
    expect(ended).toEqual(["a", "b"]);
  });

  it("is ended when nobody wants its results any more", async () => {
    const ended: string[] = [];
    const make = async (item: string, signal: AbortSignal) =>
      item === "first" ? item : untilAborted(signal).finally(() => ended.push(item));
    for await (const each of mapConcurrent(["first", "second"], 2, make)) {
      expect(each).toBe("first");
      break;
    }
    expect(ended).toEqual(["second"]);
  });
});
