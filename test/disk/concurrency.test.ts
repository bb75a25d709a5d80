// Work on the items of a list: several at a time, and nothing left running.
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forEachConcurrent, mapConcurrent } from "../../src/disk/index.js";
import { collect } from "../support/collect.js";

/** Work that goes on until it is ended. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
  );

describe("work on each item", () => {
  it("is done once for each, on as many at a time as may be, without waiting for a slow one", async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 1, max: 4 }), async (items, concurrency) => {
        let [running, most] = [0, 0];
        const done: number[] = [];
        const indexed = items.map((turns, at) => ({ turns, at }));
        await forEachConcurrent(indexed, concurrency, async ({ turns, at }) => {
          most = Math.max(most, ++running);
          for (let turn = 0; turn < turns; turn++) await setImmediate();
          running -= 1;
          done.push(at);
        });
        expect(done.sort((one, other) => one - other)).toEqual(items.map((_, at) => at));
        expect(running).toBe(0);
        expect(most).toBeLessThanOrEqual(concurrency);
      }),
      { numRuns: 40 },
    );
    const done: string[] = [];
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    await forEachConcurrent(["slow", "b", "c", "d"], 2, async (item) => {
      if (item === "slow") await promise;
      done.push(item);
      if (item === "d") resolve();
    });
    expect(done).toEqual(["b", "c", "d", "slow"]);
  });

  it("fails with the first failure when the others have ended, and begins no more", async () => {
    const ended: string[] = [];
    const work = async (item: string, signal: AbortSignal) => {
      if (item === "bad") throw new Error("no good");
      await untilAborted(signal).finally(() => ended.push(item));
    };
    await expect(forEachConcurrent(["a", "b", "bad", "never begun"], 3, work)).rejects.toThrow("no good");
    expect(ended).toEqual(["a", "b"]);
  });

  it("is cancelled by the signal", async () => {
    const controller = new AbortController();
    const begun: string[] = [];
    const work = async (item: string) => {
      begun.push(item);
      controller.abort();
    };
    await expect(forEachConcurrent(["a", "b"], 1, work, controller.signal)).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect(begun).toEqual(["a"]);
  });
});

describe("results in the order of the items", () => {
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
