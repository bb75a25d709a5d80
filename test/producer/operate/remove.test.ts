// Records of jobs are removed, and queues paused and resumed.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchKey, type JobName } from "../../../src/jobs/index.js";
import { collect } from "../../support/collect.js";
import { withGraphQueue } from "../../support/redis/graph-queue.js";
import { plant, poisons } from "../../support/redis/poison.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

describe("remove", () => {
  it("takes a job that waits, whatever for, or has ended, and whoever waits for it is told", () =>
    withGraphQueue(database.url, async ({ producer, queue, fail }) => {
      const job = await producer.enqueue("checksum", { id: "a" }, { jobId: "job-a" });
      await queue.add("checksum", { id: "b" }, { jobId: "job-b", delay: 3_600_000 });
      await queue.add("checksum", { id: "c" }, { jobId: "job-c", priority: 9 });
      await queue.add("checksum", { id: "d" }, { jobId: "job-d" });
      await fail(["job-d"]);
      const waited = expect(producer.wait(job)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
      for (const id of ["job-a", "job-b", "job-c", "job-d"]) {
        await producer.remove(id);
        expect(await queue.getJob(id)).toBeUndefined();
        await expect(producer.remove(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND", jobId: id });
      }
      await waited;
      expect(Object.values(await queue.getJobCounts()).every((count) => count === 0)).toBe(true);
      // Nobody joins a job that is gone.
      expect((await producer.enqueue("checksum", { id: "a" }, { jobId: "next" })).id).toBe("next");
    }));

  it("refuses a job that is at work, also one that has lost its worker", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis }) => {
      await producer.enqueue("checksum", { id: "a" }, { jobId: "a" });
      await redis.rename(queue.toKey("wait"), queue.toKey("active"));
      await expect(producer.remove("a")).rejects.toMatchObject({
        code: "INVALID_JOB",
        message: "the job a cannot be removed: it is active: cancel it first",
      });
      expect(await queue.getJobState("a")).toBe("active");
    }));

  it("takes a batch with its children and its plan, unless one of them is at work", () =>
    withGraphQueue(database.url, async ({ graph, producer, queue, redis }) => {
      await producer.enqueue("checksum-graph", {}, { jobId: "batch" });
      await redis.lrem(queue.toKey("wait"), 1, "batch");
      await redis.zadd(queue.toKey("waiting-children"), 1, "batch");
      await redis.hset(batchKey(graph, "batch"), "plan", "{}");
      const parent = { id: "batch", queue: queue.qualifiedName };
      for (const id of ["a", "b"]) await queue.add("checksum", { id }, { jobId: `batch.${id}`, parent });
      await redis.set(queue.toKey("batch.b:lock"), "token");
      await expect(producer.remove("batch")).rejects.toMatchObject({
        message: "the job batch cannot be removed: it is at work, or a child of it is: cancel it first",
      });
      expect(await queue.getJobState("batch.a")).toBe("waiting");
      await redis.del(queue.toKey("batch.b:lock"));
      await producer.remove("batch");
      expect(await collect(producer.jobs())).toEqual([]);
      expect(await redis.exists(batchKey(graph, "batch"))).toBe(0);
    }));

  it("lets a batch that has lost its last child go on, also the run of a schedule", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis }) => {
      for (const id of ["batch", "repeat:nightly:1700000000000"]) {
        await redis.hset(queue.toKey(id), { name: "checksum-graph", data: "{}", opts: "{}", timestamp: 1 });
        await redis.zadd(queue.toKey("waiting-children"), 1, id);
        const parent = { id, queue: queue.qualifiedName };
        const jobId = `${id.replaceAll(":", ".")}.a`;
        await queue.add("checksum", { id: "a" }, { jobId, parent });
        await producer.remove(jobId);
        expect([id, await queue.getJobState(id)]).toEqual([id, "waiting"]);
      }
    }));

  it("refuses the next run of a schedule, and names that", () =>
    withGraphQueue(database.url, async ({ producer }) => {
      const { id, next } = await producer.schedule({ name: "verify-graph", data: {}, cron: "@daily" });
      const run = `repeat:${id}:${next}`;
      await expect(producer.remove(run)).rejects.toMatchObject({
        code: "INVALID_JOB",
        message: `the job ${run} cannot be removed: it is the next run of the schedule verify-graph, which can be removed`,
      });
    }));

  it("takes records that cannot be read", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis }) => {
      await plant(redis, queue.toKey(""), poisons);
      const [first, ...others] = poisons;
      await producer.remove(first?.id ?? "");
      expect(await producer.removeAll({ state: "waiting" })).toEqual({
        ...{ removed: others.length, refused: 0, refusals: [] },
      });
      expect(await collect(producer.jobs())).toEqual([]);
    }));
});

describe("removeAll", () => {
  it("takes those that match: by state, name, code and age", () =>
    withGraphQueue(database.url, async ({ producer, queue, fail }) => {
      const make = (name: "checksum" | "verify", id: string) =>
        ({ name, data: { id }, jobId: `${name}-${id}` }) as const;
      const ids = ["a", "b", "c"];
      await producer.enqueueAll(
        (["checksum", "verify"] satisfies JobName[]).flatMap((name) => ids.map((id) => make(name, id))),
      );
      await fail(["checksum-a", "verify-a"], "NO_SPACE", Date.now() - 8 * 86_400_000);
      await fail(["checksum-b", "verify-b"]);
      const week = Date.now() - 7 * 86_400_000;
      const remove = async (filter: Parameters<typeof producer.removeAll>[0]) =>
        (await producer.removeAll(filter)).removed;
      expect(await remove({ state: "failed", code: "NO_SPACE", before: week - 7 * 86_400_000 })).toBe(0);
      expect(await remove({ state: "failed", name: "verify", before: week })).toBe(1);
      expect(await remove({ state: "failed", code: "IMAGE_NOT_FOUND", image: "b" })).toBe(2);
      expect(await remove({ state: "waiting", name: "checksum" })).toBe(1);
      expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 1, failed: 1 });
    }));

  it("counts the children of a batch with it, and refuses what is at work", () =>
    withGraphQueue(database.url, async ({ producer, queue, redis, fail }) => {
      const parent = { id: "batch", queue: queue.qualifiedName };
      await producer.enqueue("checksum-graph", {}, { jobId: "batch" });
      await queue.add("checksum", { id: "a" }, { jobId: "batch.a", parent });
      await producer.enqueue("checksum", { id: "b" }, { jobId: "b" });
      await fail(["batch", "batch.a", "b"]);
      await redis.set(queue.toKey("b:lock"), "token");
      const { refused, refusals } = await producer.removeAll({ state: "failed" });
      expect([refused, refusals.map(({ id, code }) => [id, code])]).toEqual([1, [["b", "INVALID_JOB"]]]);
      expect((await collect(producer.jobs())).map(({ id }) => id)).toEqual(["b"]);
      await expect(producer.removeAll({ state: "active" })).rejects.toMatchObject({ code: "INVALID_JOB" });
      await expect(producer.removeAll({} as never)).rejects.toMatchObject({ code: "INVALID_JOB" });
    }));
});

describe("pause and resume", () => {
  it("say whether that changed anything, and BullMQ sees it", () =>
    withGraphQueue(database.url, async ({ producer, queue }) => {
      expect(await producer.pause("checksum")).toBe(true);
      expect(await producer.pause("checksum")).toBe(false);
      expect([await queue.isPaused(), await producer.paused()]).toEqual([true, ["checksum"]]);
      expect(await producer.resume("checksum")).toBe(true);
      expect(await producer.resume("checksum")).toBe(false);
      expect([await queue.isPaused(), await producer.paused()]).toEqual([false, []]);
    }));

  it("take the queues of hosts, and name the queues there are to whoever names another", () =>
    withGraphQueue(
      database.url,
      async ({ producer, queue }) => {
        const refusal = (queues: string) => ({
          code: "INVALID_OPTION",
          message: `there is no queue "store@web-1": the queues are ${queues}`,
        });
        await expect(producer.pause("store@web-1")).rejects.toMatchObject(refusal("store, checksum, mount"));
        await producer.enqueue("mount", { id: "a", host: "web-1" });
        expect(await producer.pause("store@web-1")).toBe(true);
        expect(await queue.isPaused()).toBe(true);
        for (const wrong of ["", "meta", "checksum:wait", "Checksum"]) {
          await expect(producer.resume(wrong)).rejects.toMatchObject({ code: "INVALID_OPTION" });
        }
      },
      "store@web-1",
    ));
});
