// Each lock is renewed by its own token for as long as its try runs, whatever becomes of another try of the same job.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { openHeldLocks } from "../../src/worker/held-locks.js";

/** Locks of 80 ms, of which only those of some tokens are there. */
function openLocks(valid: readonly string[]) {
  const renewed: string[] = [];
  const told: string[] = [];
  const worker = {
    async extendJobLocks(ids: string[], tokens: string[], duration: number) {
      renewed.push(...tokens.map((token) => `${token} ${duration}`));
      if (tokens.includes("outage")) throw new Error("Redis is away");
      return ids.filter((_, at) => !valid.includes(tokens[at] ?? ""));
    },
    emit(_event: string, error: Error) {
      told.push(error.message);
      return true;
    },
  };
  return { locks: openHeldLocks(worker as never, 80), renewed, told };
}

it("renews the lock of a try until it ends, though a former try of the job loses its own", async () => {
  const { locks, renewed, told } = openLocks(["new"]);
  const lost: string[] = [];
  const former = locks.hold("1", "former", () => lost.push("former"));
  const running = locks.hold("1", "new", () => lost.push("new"));
  await expect.poll(() => lost).toEqual(["former"]);
  former[Symbol.dispose]();
  const count = renewed.length;
  await expect.poll(() => renewed.length, { interval: 10 }).toBeGreaterThan(count + 2);
  expect(renewed.filter((each) => each === "former 80")).toHaveLength(1);
  running[Symbol.dispose]();
  await sleep(50);
  const { length } = renewed;
  await sleep(100);
  expect([renewed.length, lost, told]).toEqual([length, ["former"], ["could not renew lock for job 1"]]);
});

it("loses nothing to a Redis that does not take the renewal, and tells of it once for all", async () => {
  const { locks, renewed, told } = openLocks([]);
  const lost: string[] = [];
  const held = ["1", "2"].map((id) => locks.hold(id, "outage", () => lost.push(id)));
  await expect.poll(() => renewed.length, { interval: 10 }).toBe(2);
  for (const each of held) each[Symbol.dispose]();
  await sleep(50);
  expect([lost, told]).toEqual([[], ["Redis is away"]]);
});
