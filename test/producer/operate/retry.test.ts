// Jobs that have failed are done once more.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cancellationKeys } from "../../../src/jobs/index.js";
import { collect } from "../../support/collect.js";
import { withGraphQueue } from "../../support/redis/graph-queue.js";
import { plant, poisons } from "../../support/redis/poison.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

describe("retry", () => {
  it("puts a failed job back into its queue, its tries anew, and the same is joined to it", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis, fail }) => {
      const job = await producer.enqueue("checksum", { id: "a" }, { jobId: "job-a" });
      await fail(["job-a"]);
      await redis.hset(queue.toKey("job-a"), { stc: 6, defa: "stalled" });
      await producer.retry("job-a");
      expect(await queue.getJobState("job-a")).toBe("waiting");
      const { attemptsMade, attemptsStarted, failedReason, finishedOn } = (await queue.getJob("job-a")) ?? {};
      // A handler is told that an earlier try may have done something.
      expect({ attemptsMade, attemptsStarted }).toEqual({ attemptsMade: 0, attemptsStarted: 3 });
      expect([failedReason, finishedOn]).toEqual([undefined, undefined]);
      expect(await redis.hmget(queue.toKey("job-a"), "stc", "defa")).toEqual([null, null]);
      expect((await producer.enqueue("checksum", { id: "a" })).id).toBe(job.id);
      expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 1, failed: 0 });
    }));

  it("takes back that a job is to end, and tells whoever serves it", () =>
    withGraphQueue(database.url, async ({ graph, producer, queue, redis }) => {
      const { requests, channel } = cancellationKeys(graph);
      await producer.enqueue("checksum", { id: "a" }, { jobId: "job-a" });
      await producer.cancel("job-a");
      await redis.zadd(requests, Date.now(), "job-a");
      const listener = redis.duplicate();
      await listener.subscribe(channel);
      const told = new Promise((resolve) => listener.once("message", (_, message) => resolve(message)));
      await producer.retry("job-a");
      expect(JSON.parse((await told) as string)).toEqual({ id: "job-a", isFulfilled: true });
      expect(await redis.zscore(requests, "job-a")).toBeNull();
      expect(await queue.getJobState("job-a")).toBe("waiting");
      listener.disconnect();
    }));

  it("keeps the priority, and waits while the queue is paused", () =>
    withGraphQueue(database.url, async ({ producer, queue, fail }) => {
      await queue.add("checksum", { id: "a" }, { jobId: "job-a", priority: 7 });
      await fail(["job-a"]);
      await producer.pause("checksum");
      await producer.retry("job-a");
      expect(await queue.getJobState("job-a")).toBe("prioritized");
      expect(await queue.isPaused()).toBe(true);
    }));

  it("refuses what has not failed, and what is not there", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis }) => {
      await producer.enqueue("checksum", { id: "a" }, { jobId: "job-a" });
      const refusal = (state: string) => ({
        code: "INVALID_JOB",
        jobId: "job-a",
        message: `the job job-a cannot be retried: only a job that has failed can, and it is ${state}`,
      });
      await expect(producer.retry("job-a")).rejects.toMatchObject(refusal("waiting"));
      await redis.rename(queue.toKey("wait"), queue.toKey("active"));
      await expect(producer.retry("job-a")).rejects.toMatchObject(refusal("active"));
      await redis.del(queue.toKey("active"));
      await redis.zadd(queue.toKey("completed"), 1, "job-a");
      await expect(producer.retry("job-a")).rejects.toMatchObject(refusal("completed"));
      const missing = { code: "JOB_NOT_FOUND", jobId: "nobody" };
      await expect(producer.retry("nobody")).rejects.toMatchObject(missing);
      await expect(producer.retry("nobody", "checksum")).rejects.toMatchObject(missing);
      await expect(producer.retry("meta")).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
      await expect(producer.retry("job-a", "nowhere")).rejects.toMatchObject({ code: "INVALID_OPTION" });
    }));

  it("refuses an id that jobs of several queues have, unless the queue is named", () =>
    withGraphQueue(database.url, async ({ graph, producer, queue, redis, fail }) => {
      await queue.add("checksum", { id: "a" }, { jobId: "twice" });
      await fail(["twice"]);
      await producer.enqueue("gc", {}, { jobId: "twice" });
      await expect(producer.retry("twice")).rejects.toMatchObject({
        code: "AMBIGUOUS_ID",
        message: expect.stringContaining("store, checksum"),
      });
      await producer.retry("twice", "checksum");
      expect(await queue.getJobState("twice")).toBe("waiting");
      expect(await redis.llen(`{stevedore:${graph}}:store:wait`)).toBe(1);
    }));

  it("refuses a record that cannot be read, and says what is wrong with it", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis }) => {
      await plant(redis, queue.toKey(""), poisons);
      for (const { id, says } of poisons) {
        await redis.lrem(queue.toKey("wait"), 0, id);
        await redis.zadd(queue.toKey("failed"), 1, id);
        const refused = producer.retry(id);
        await expect(refused, id).rejects.toMatchObject({ code: "INVALID_JOB", jobId: id });
        await expect(refused, id).rejects.toThrow(says);
        await expect(refused, id).rejects.not.toThrow("\n");
      }
      expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 0, failed: poisons.length });
      const { retried, refused, refusals } = await producer.retryAll({ state: "failed" });
      expect([retried, refused, refusals.length]).toEqual([0, poisons.length, poisons.length]);
    }));

  it("refuses a job whose work another does, until that one has ended", () =>
    withGraphQueue(database.url, async ({ producer, fail }) => {
      for (const jobId of ["first", "second", "third"]) {
        expect((await producer.enqueue("checksum", { id: "a" }, { jobId })).id).toBe(jobId);
        await fail([jobId]);
      }
      // Of those that are retried together, too.
      expect(await producer.retryAll({ state: "failed" })).toEqual({
        retried: 1,
        refused: 2,
        refusals: ["second", "third"].map((id) => ({
          ...{ id, queue: "checksum", code: "INVALID_JOB" },
          message: `the job ${id} cannot be retried: the job first does the same, and has not ended`,
        })),
      });
      await expect(producer.retry("third")).rejects.toMatchObject({ code: "INVALID_JOB" });
      await fail(["first"]);
      await producer.retry("third");
      expect(await producer.job("third")).toMatchObject({ state: "waiting" });
    }));

  it("is not kept from a job by a key that was left behind", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis, fail }) => {
      for (const jobId of ["ended", "other"]) {
        await producer.enqueue("checksum", { id: "a" }, { jobId });
        await fail([jobId]);
      }
      const same = (await queue.getJob("ended"))?.deduplicationId;
      for (const holder of ["ended", "vanished"]) {
        await redis.set(queue.toKey(`de:${same}`), holder);
        await producer.retry("other");
        await fail(["other"]);
      }
    }));
});

describe("retryAll", () => {
  it("takes those that match: by code, name, image, queue and time", () =>
    withGraphQueue(database.url, async ({ producer, fail }) => {
      const ids = ["a", "b", "c", "d"];
      await producer.enqueueAll(ids.map((id) => ({ name: "checksum", data: { id }, jobId: `sum-${id}` })));
      await producer.enqueueAll(ids.map((id) => ({ name: "verify", data: { id }, jobId: `verify-${id}` })));
      await fail(["sum-a", "verify-a"], "NO_SPACE");
      await fail(["sum-b", "verify-b"], "INTERNAL", Date.now() - 3_600_000);
      await fail(["sum-c", "verify-c"]);
      const waiting = async () =>
        (await collect(producer.jobs({ state: "waiting" }))).map(({ id }) => id).sort();
      const none = { retried: 0, refused: 0, refusals: [] };
      expect(await producer.retryAll({ state: "failed", code: "TOOL_MISSING" })).toEqual(none);
      expect(await producer.retryAll({ state: "failed", queue: "store" })).toEqual(none);
      expect(await producer.retryAll({ state: "failed", name: "checksum", code: "NO_SPACE" })).toEqual({
        ...none,
        retried: 1,
      });
      expect(await waiting()).toEqual(["sum-a", "sum-d", "verify-d"]);
      await producer.retryAll({ state: "failed", before: Date.now() - 1_800_000 });
      expect(await waiting()).toEqual(["sum-a", "sum-b", "sum-d", "verify-b", "verify-d"]);
      await producer.retryAll({ state: "failed", image: "c", name: "verify" });
      expect(await waiting()).toContain("verify-c");
      expect(await producer.retryAll({ state: "failed" })).toMatchObject({ retried: 2 });
      expect(await waiting()).toHaveLength(8);
    }));

  it("refuses a state that is none of an ended failure, and none at all", () =>
    withGraphQueue(database.url, async ({ producer }) => {
      for (const state of ["completed", "waiting", "active"] as const) {
        await expect(producer.retryAll({ state })).rejects.toMatchObject({
          code: "INVALID_JOB",
          message: `no jobs were retried: those that are ${state} cannot be retried`,
        });
      }
      await expect(producer.retryAll({} as never)).rejects.toMatchObject({
        code: "INVALID_JOB",
        message: "no jobs were retried: say which: the state is missing",
      });
    }));

  it("ends where it is told to", () =>
    withGraphQueue(database.url, async ({ producer, queue, fail }) => {
      await producer.enqueue("checksum", { id: "a" }, { jobId: "a" });
      await fail(["a"]);
      const signal = AbortSignal.abort();
      await expect(producer.retryAll({ state: "failed" }, { signal })).rejects.toMatchObject({
        code: "CANCELLED",
      });
      expect(await queue.getFailedCount()).toBe(1);
    }));

  it(
    "retries 10,000 in few round trips and little memory",
    () =>
      withGraphQueue(database.url, async ({ producer, queue, redis }) => {
        const ids = Array.from({ length: 10_000 }, (_, at) => `job-${at}`);
        await producer.enqueueAll(ids.map((id) => ({ name: "checksum", data: { id }, jobId: id })));
        const all = redis.pipeline();
        for (const id of ids) {
          all
            .zadd(queue.toKey("failed"), 1, id)
            .hset(queue.toKey(id), { failedReason: "INTERNAL: x", atm: 3 });
        }
        await all.del(queue.toKey("wait")).exec();
        const before = process.memoryUsage().rss;
        const begun = performance.now();
        expect(await producer.retryAll({ state: "failed" })).toEqual({
          ...{ retried: 10_000, refused: 0, refusals: [] },
        });
        // One by one it takes a minute.
        expect(performance.now() - begun).toBeLessThan(30_000);
        expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
        expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 10_000, failed: 0 });
      }),
    60_000,
  );
});
