import { expect, it } from "vitest";
import { openCpuBudget } from "../../src/worker/cpu-budget.js";

const MiB = 1024 * 1024;
const never = new AbortController().signal;

/** Asks for shares at once and notes the order in which they are had. */
function ask(budget: ReturnType<typeof openCpuBudget>, sizes: readonly number[]) {
  const had: number[] = [];
  const shares = sizes.map((bytes, index) =>
    budget.take(bytes, never).then((share) => {
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
    using share = await budget.take(bytes, never);
    expect(share.threads).toBe(threads);
  }
});

it("lets small layers run side by side and a large one wait for its turn, which nobody takes", async () => {
  const budget = openCpuBudget(2);
  const { had, shares } = ask(budget, [1, 1, 100 * MiB, 1]);
  const [first, second] = await Promise.all([shares[0], shares[1]]);
  expect(had).toEqual([0, 1]);
  first?.[Symbol.dispose]();
  second?.[Symbol.dispose]();
  const large = await shares[2];
  expect(had).toEqual([0, 1, 2]);
  large?.[Symbol.dispose]();
  await shares[3];
  expect(had).toEqual([0, 1, 2, 3]);
});

it("forgets a request that is cancelled, and those behind it move up", async () => {
  const budget = openCpuBudget(1);
  const running = await budget.take(1, never);
  const controller = new AbortController();
  const cancelled = budget.take(1, controller.signal);
  const next = budget.take(1, never);
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
  running[Symbol.dispose]();
  // Given back twice is given back once.
  running[Symbol.dispose]();
  expect((await next).threads).toBe(1);
  await expect(budget.take(1, controller.signal)).rejects.toMatchObject({ code: "CANCELLED" });
});
