import fc from "fast-check";
import { expect, it } from "vitest";
import { openCpuBudget } from "../../src/worker/cpu-budget.js";
import type { Urgency, UrgentWork } from "../../src/worker/turns.js";

const MiB = 1024 * 1024;
const never = new AbortController().signal;

function work(bytes: number, urgency: Urgency = "single"): UrgentWork {
  return { urgency, remaining: () => bytes };
}

/** Asks for shares at once and notes the order in which they are had. */
function ask(budget: ReturnType<typeof openCpuBudget>, sizes: readonly number[]) {
  const had: number[] = [];
  const shares = sizes.map((bytes, index) =>
    budget.takeSome(work(bytes), never).then((share) => {
      had.push(index);
      return share;
    }),
  );
  return { had, shares };
}

it("gives a thread per 8 MiB, at least one and at most all", async () => {
  const budget = openCpuBudget(4);
  for (const [bytes, threads] of [
    [0, 1],
    [8 * MiB, 1],
    [8 * MiB + 1, 2],
    [1024 * MiB, 4],
  ] as const) {
    using share = await budget.takeSome(work(bytes), never);
    expect(share.count).toBe(threads);
  }
});

it("gives one thread where one does the work", async () => {
  const budget = openCpuBudget(2);
  using first = await budget.takeOne(work(1), never);
  using second = await budget.takeOne(work(1), never);
  expect([first.count, second.count]).toEqual([1, 1]);
});

it("serves what is equally near to its end in the order of asking, and leaves no thread idle while somebody waits", async () => {
  const budget = openCpuBudget(2);
  const { had, shares } = ask(budget, [1, 1, 100 * MiB, 100 * MiB, 100 * MiB]);
  const [first, second] = await Promise.all([shares[0], shares[1]]);
  expect(had).toEqual([0, 1]);
  first?.[Symbol.dispose]();
  // One is free: the large layer begins with that.
  const large = await shares[2];
  expect({ threads: large?.count, had }).toEqual({ threads: 1, had: [0, 1, 2] });
  second?.[Symbol.dispose]();
  expect((await shares[3])?.count).toBe(1);
  expect(had).toEqual([0, 1, 2, 3]);
  large?.[Symbol.dispose]();
  await shares[4];
  expect(had).toEqual([0, 1, 2, 3, 4]);
});

it("lets who waits for one image go before those of a batch", async () => {
  const budget = openCpuBudget(1);
  const running = await budget.takeOne(work(1, "batch"), never);
  const had: string[] = [];
  const wait = (name: string, urgency: Urgency) =>
    budget.takeOne(work(1, urgency), never).then((share) => {
      had.push(name);
      share[Symbol.dispose]();
    });
  const all = [wait("a1", "batch"), wait("b1", "single"), wait("a2", "batch"), wait("b2", "single")];
  running[Symbol.dispose]();
  await Promise.all(all);
  expect(had).toEqual(["b1", "b2", "a1", "a2"]);
});

it("serves first what is nearest to its end, as that stands when a thread is free", async () => {
  const budget = openCpuBudget(1);
  const running = await budget.takeOne(work(1), never);
  const had: string[] = [];
  const left = { a: 10, b: 20, c: 30 };
  const wait = (name: keyof typeof left) =>
    budget.takeOne({ urgency: "single", remaining: () => left[name] }, never).then((share) => {
      had.push(name);
      share[Symbol.dispose]();
    });
  const all = [wait("a"), wait("b"), wait("c")];
  left.c = 5;
  running[Symbol.dispose]();
  await Promise.all(all);
  expect(had).toEqual(["c", "a", "b"]);
});

it("is whole again whatever was asked of it, and never gives more than there is", async () => {
  const requests = fc.array(fc.nat(100), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), requests, async (threads, wanted) => {
      const budget = openCpuBudget(threads);
      let used = 0;
      await Promise.all(
        wanted.map(async (request) => {
          const share = await budget.takeSome(work(request * MiB), never);
          used += share.count;
          expect(used).toBeLessThanOrEqual(threads);
          await Promise.resolve();
          used -= share.count;
          share[Symbol.dispose]();
        }),
      );
      expect((await budget.takeSome(work(1024 * MiB), never)).count).toBe(threads);
    }),
  );
});

it("forgets a request that is cancelled, and those behind it move up", async () => {
  const budget = openCpuBudget(1);
  const running = await budget.takeOne(work(1), never);
  const controller = new AbortController();
  const cancelled = budget.takeOne(work(1), controller.signal);
  const next = budget.takeOne(work(1), never);
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
  running[Symbol.dispose]();
  // Given back twice is given back once.
  running[Symbol.dispose]();
  expect((await next).count).toBe(1);
  await expect(budget.takeOne(work(1), controller.signal)).rejects.toMatchObject({ code: "CANCELLED" });
});
