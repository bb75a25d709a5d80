import fc from "fast-check";
import { expect, it } from "vitest";
import { openCpuBudget, type Urgency } from "../../src/worker/cpu-budget.js";

const MiB = 1024 * 1024;
const never = new AbortController().signal;

/** Asks for shares at once and notes the order in which they are had. */
function ask(budget: ReturnType<typeof openCpuBudget>, sizes: readonly number[]) {
  const had: number[] = [];
  const shares = sizes.map((bytes, index) =>
    budget.take(bytes, "single", never).then((share) => {
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
    using share = await budget.take(bytes, "single", never);
    expect(share.threads).toBe(threads);
  }
});

it("gives one thread where one does the work", async () => {
  const budget = openCpuBudget(2);
  using first = await budget.takeOne("single", never);
  using second = await budget.takeOne("single", never);
  expect([first.threads, second.threads]).toEqual([1, 1]);
});

it("serves in the order of asking, and leaves no thread idle while somebody waits", async () => {
  const budget = openCpuBudget(2);
  const { had, shares } = ask(budget, [1, 1, 100 * MiB, 100 * MiB, 1]);
  const [first, second] = await Promise.all([shares[0], shares[1]]);
  expect(had).toEqual([0, 1]);
  first?.[Symbol.dispose]();
  // One is free: the large layer begins with that.
  const large = await shares[2];
  expect({ threads: large?.threads, had }).toEqual({ threads: 1, had: [0, 1, 2] });
  second?.[Symbol.dispose]();
  expect((await shares[3])?.threads).toBe(1);
  expect(had).toEqual([0, 1, 2, 3]);
  large?.[Symbol.dispose]();
  await shares[4];
  expect(had).toEqual([0, 1, 2, 3, 4]);
});

it("lets who waits for one image go before those of a batch", async () => {
  const budget = openCpuBudget(1);
  const running = await budget.take(1, "batch", never);
  const had: string[] = [];
  const wait = (name: string, urgency: Urgency) =>
    budget.takeOne(urgency, never).then((share) => {
      had.push(name);
      share[Symbol.dispose]();
    });
  const all = [wait("a1", "batch"), wait("b1", "single"), wait("a2", "batch"), wait("b2", "single")];
  running[Symbol.dispose]();
  await Promise.all(all);
  expect(had).toEqual(["b1", "b2", "a1", "a2"]);
});

it("takes back the threads that the end of a layer leaves idle, but one", async () => {
  const budget = openCpuBudget(4);
  const large = await budget.take(100 * MiB, "single", never);
  const { had, shares } = ask(budget, [100 * MiB, 1]);
  large.finish();
  large.finish();
  expect((await shares[0])?.threads).toBe(3);
  expect(had).toEqual([0]);
  large[Symbol.dispose]();
  await shares[1];
  expect(had).toEqual([0, 1]);
});

it("is whole again whatever was asked of it, and never gives more than there is", async () => {
  const requests = fc.array(fc.record({ MiB: fc.nat(100), finishes: fc.boolean() }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), requests, async (threads, wanted) => {
      const budget = openCpuBudget(threads);
      let used = 0;
      await Promise.all(
        wanted.map(async (request) => {
          const share = await budget.take(request.MiB * MiB, "single", never);
          used += share.threads;
          expect(used).toBeLessThanOrEqual(threads);
          await Promise.resolve();
          if (request.finishes) {
            used -= share.threads - 1;
            share.finish();
            await Promise.resolve();
            used -= 1;
          } else used -= share.threads;
          share[Symbol.dispose]();
        }),
      );
      expect((await budget.take(1024 * MiB, "single", never)).threads).toBe(threads);
    }),
  );
});

it("forgets a request that is cancelled, and those behind it move up", async () => {
  const budget = openCpuBudget(1);
  const running = await budget.take(1, "single", never);
  const controller = new AbortController();
  const cancelled = budget.take(1, "single", controller.signal);
  const next = budget.take(1, "single", never);
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
  running[Symbol.dispose]();
  // Given back twice is given back once.
  running[Symbol.dispose]();
  expect((await next).threads).toBe(1);
  await expect(budget.take(1, "single", controller.signal)).rejects.toMatchObject({ code: "CANCELLED" });
});
