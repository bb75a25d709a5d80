// The priority and the delay of jobs, as BullMQ keeps them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NewJob } from "../../src/producer/index.js";
import { largestPriority, longestDelayMs } from "../../src/terms/index.js";
import { withGraphQueue } from "../support/redis/graph-queue.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

describe("a job's priority and delay", () => {
  it("are BullMQ's, however it is enqueued", () =>
    withGraphQueue(database.url, async ({ producer, queue }) => {
      const options = { priority: 5, delayMs: 60_000 };
      const one = await producer.enqueue("checksum", { id: "a" }, { ...options, jobId: "job-a" });
      const once = await producer.enqueueOnce("key", "checksum", { id: "b" }, options);
      const [many] = await producer.enqueueAll([{ name: "checksum", data: { id: "c" }, ...options }]);
      for (const { id } of [one, once, many ?? one]) {
        const job = await queue.getJob(id);
        expect([job?.priority, job?.delay, await job?.getState()]).toEqual([5, 60_000, "delayed"]);
        await job?.promote();
        expect(await job?.getState()).toBe("prioritized");
      }
      // The key is of the job, not of how urgent it is.
      expect((await producer.enqueueOnce("key", "checksum", { id: "b" })).id).toBe(once.id);
      const plain = await producer.enqueue("checksum", { id: "d" }, { priority: 0, delayMs: 0 });
      expect(await queue.getJobState(plain.id)).toBe("waiting");
    }));

  it("are taken up to their limits, and refused beyond them by the field's name", () =>
    withGraphQueue(database.url, async ({ producer, queue }) => {
      await producer.enqueue("checksum", { id: "a" }, { priority: largestPriority, delayMs: longestDelayMs });
      const wrong = [
        ...[-1, 1.5, largestPriority + 1, Number.NaN, "5"].map((priority) => ({ priority })),
        ...[-1, 1.5, longestDelayMs + 1, Number.POSITIVE_INFINITY, null].map((delayMs) => ({ delayMs })),
      ];
      for (const options of wrong) {
        const [field = ""] = Object.keys(options);
        const refusal = { code: "INVALID_JOB", message: expect.stringMatching(`^${field}: `) };
        const job = { name: "checksum", data: { id: "b" }, ...options } as NewJob;
        await expect(producer.enqueueAll([job])).rejects.toMatchObject(refusal);
        await expect(producer.enqueue("checksum", { id: "b" }, options as object)).rejects.toMatchObject(
          refusal,
        );
        await expect(
          producer.enqueueOnce("k", "checksum", { id: "b" }, options as object),
        ).rejects.toMatchObject(refusal);
      }
      expect(await queue.getJobCounts("waiting", "prioritized", "delayed")).toEqual({
        ...{ waiting: 0, prioritized: 0, delayed: 1 },
      });
    }));

  it("make a job that waits as urgent as the most urgent that joins it", () =>
    withGraphQueue(database.url, async ({ producer, queue }) => {
      const data = { id: "a" };
      const priorities: (number | undefined)[] = [];
      const { id } = await producer.enqueue("checksum", data, { priority: 9 });
      const [first, second] = await producer.enqueueAll([
        { name: "checksum", data, priority: 12 },
        { name: "checksum", data: { id: "b" }, priority: 1 },
      ]);
      expect(first?.id).toBe(id);
      priorities.push((await queue.getJob(id))?.priority);
      await producer.enqueueAll([4, 3, 6].map((priority) => ({ name: "checksum", data, priority })));
      priorities.push((await queue.getJob(id))?.priority);
      expect(await queue.getJobState(id)).toBe("prioritized");
      expect((await producer.enqueue("checksum", data)).id).toBe(id);
      priorities.push((await queue.getJob(id))?.priority);
      expect(priorities).toEqual([9, 3, 0]);
      expect(await queue.getJobState(id)).toBe("waiting");
      expect(await queue.getJobState(second?.id ?? "")).toBe("prioritized");
    }));

  it("keep a job with a delay to itself: it joins none, and none joins it", () =>
    withGraphQueue(database.url, async ({ producer, queue }) => {
      const later = await producer.enqueue("checksum", { id: "a" }, { delayMs: 60_000 });
      const now = await producer.enqueue("checksum", { id: "a" });
      const another = await producer.enqueue("checksum", { id: "a" }, { delayMs: 60_000 });
      expect(new Set([later.id, now.id, another.id]).size).toBe(3);
      expect(await queue.getJobCounts("waiting", "delayed")).toEqual({ waiting: 1, delayed: 2 });
      expect((await producer.enqueue("checksum", { id: "a" })).id).toBe(now.id);
    }));
});
