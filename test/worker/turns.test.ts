import { expect, test } from "vitest";
import { openTurnsByUrgency, takeEither, type UrgentWork } from "../../src/worker/turns.js";

const never = new AbortController().signal;
const work: UrgentWork = { urgency: "single", remaining: () => 1 };

test("a limit that grows is asked anew", async () => {
  let limit = 0;
  const turns = openTurnsByUrgency(() => limit);
  const taking = turns.take(work, 3, never);
  expect([turns.taken(), turns.waiting()]).toEqual([0, 1]);
  limit = 2;
  turns.serve();
  using turn = await taking;
  expect([turn.count, turns.taken(), turns.waiting()]).toEqual([2, 2, 0]);
});

test("of two that are free at once one is taken, and the other given back", async () => {
  const [first, second] = [openTurnsByUrgency(() => 1), openTurnsByUrgency(() => 1)];
  const both = [first, second].map(
    ({ take }) =>
      (signal: AbortSignal) =>
        take(work, 1, signal),
  );
  const turn = await takeEither(both, never);
  expect(first.taken() + second.taken()).toBe(1);
  turn[Symbol.dispose]();
  expect(first.taken() + second.taken()).toBe(0);
});

test("of two the one is waited for that is free first, and the other no longer", async () => {
  const [first, second] = [openTurnsByUrgency(() => 1), openTurnsByUrgency(() => 1)];
  const [one, two] = [await first.take(work, 1, never), await second.take(work, 1, never)];
  const both = [first, second].map(
    ({ take }) =>
      (signal: AbortSignal) =>
        take(work, 1, signal),
  );
  const taking = takeEither(both, never);
  two[Symbol.dispose]();
  using _turn = await taking;
  expect([first.taken(), first.waiting(), second.taken()]).toEqual([1, 0, 1]);
  one[Symbol.dispose]();
  expect(first.taken()).toBe(0);
});

test("who waits for either and is cancelled waits for neither", async () => {
  const turns = openTurnsByUrgency(() => 0);
  const controller = new AbortController();
  const taking = takeEither(
    [turns, turns].map(
      ({ take }) =>
        (signal: AbortSignal) =>
          take(work, 1, signal),
    ),
    controller.signal,
  );
  controller.abort();
  await expect(taking).rejects.toMatchObject({ code: "CANCELLED" });
  expect(turns.waiting()).toBe(0);
});
test("work that others are at already goes behind batches, until it is urgent", async () => {
  const turns = openTurnsByUrgency(() => 1);
  const { signal } = new AbortController();
  const held = await turns.take({ urgency: "single", remaining: () => 1 }, 1, signal);
  const order: string[] = [];
  let isSpare = true;
  const take = async (name: string, work: Parameters<typeof turns.take>[0]) => {
    using _turn = await turns.take(work, 1, signal);
    order.push(name);
    if (name === "batch") isSpare = false;
  };
  const all = [
    take("again", { urgency: "single", remaining: () => 0, isSpare: () => isSpare }),
    take("batch", { urgency: "batch", remaining: () => 9 }),
    take("another batch", { urgency: "batch", remaining: () => 99 }),
  ];
  held[Symbol.dispose]();
  await Promise.all(all);
  expect(order).toEqual(["batch", "again", "another batch"]);
});
