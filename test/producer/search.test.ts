// Finds jobs by what they are about, on Redis's side and in whatever state.
import { randomUUID } from "node:crypto";
import { Queue, UnrecoverableError } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { type JobFilter, openProducer, type Producer } from "../../src/producer/index.js";
import { collect } from "../support/collect.js";
import { withForeignWorker } from "../support/redis/foreign-worker.js";
import { plant, poisons, strangers } from "../support/redis/poison.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";

let database: TestDatabase;
let redis: Redis;
beforeAll(async () => {
  database = await openDatabase();
  redis = new Redis(database.url, { maxRetriesPerRequest: null });
});
afterAll(async () => {
  redis.disconnect();
  await database[Symbol.asyncDispose]();
});

interface Scene {
  readonly producer: Producer;
  /** The queues as plain BullMQ sees them. */
  readonly plain: { readonly checksum: Queue; readonly store: Queue };
  readonly prefix: string;
}

async function scene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const graph = `g-${randomUUID()}`;
  const producer = openProducer({ redis: database.url, graph });
  const prefix = keyPrefix(graph);
  const plain = {
    checksum: new Queue("checksum", { connection: redis, prefix }),
    store: new Queue("store", { connection: redis, prefix }),
  };
  try {
    await use({ producer, plain, prefix });
  } finally {
    await Promise.all([plain.checksum.close(), plain.store.close()]);
    await producer.close();
  }
}

/** The ids of the jobs that are meant, by pages and by `jobs()`, which must agree. */
async function find(producer: Producer, filter: JobFilter, limit = 50): Promise<string[]> {
  const paged: string[] = [];
  for (let cursor: Awaited<ReturnType<Producer["page"]>>["next"], isFirst = true; isFirst || cursor; ) {
    isFirst = false;
    const { jobs, next } = await producer.page({ ...filter, limit, cursor });
    // Complete: none is empty, or short, while more follow.
    if (next !== undefined) expect(jobs).toHaveLength(limit);
    paged.push(...jobs.map(({ id }) => id));
    cursor = next;
  }
  const listed = (await collect(producer.jobs(filter))).map(({ id }) => id);
  expect(paged.toSorted()).toEqual(listed.toSorted());
  return paged;
}

describe("jobs are found", () => {
  it("by how their ids begin, in every state and queue, the children of a batch by the batch alone", () =>
    scene(async ({ producer, plain }) => {
      const ids = ["alike-1", "alike-2", "a*like", "repeat:nightly:1", "repeat.nightly.1.image"];
      await plain.checksum.addBulk(ids.map((jobId) => ({ name: "checksum", data: {}, opts: { jobId } })));
      await plain.store.add("store", {}, { jobId: "alike-3", delay: 1e6 });
      const begin = async (start: string, queue?: "store") =>
        (await producer.idsBeginningWith(start, { queue })).toSorted();
      expect(await begin("alike")).toEqual(["alike-1", "alike-2", "alike-3"]);
      expect(await begin("alike", "store")).toEqual(["alike-3"]);
      // What Redis would take for a pattern is none.
      expect(await begin("a*")).toEqual(["a*like"]);
      expect(await begin("repeat")).toEqual(["repeat:nightly:1"]);
      expect(await begin("nobody")).toEqual([]);
      await plain.store.addBulk(
        Array.from({ length: 30 }, (_, at) => ({ name: "store", data: {}, opts: { jobId: `many-${at}` } })),
      );
      expect(await begin("many")).toHaveLength(20);
    }));

  it("by a name, also one that no contract knows", () =>
    scene(async ({ producer, plain }) => {
      await plain.checksum.addBulk(
        Array.from({ length: 3_000 }, (_, at) => ({
          name: at % 1_000 === 7 ? "foreign" : "checksum",
          data: { id: `i-${at}` },
          opts: { jobId: `job-${at}` },
        })),
      );
      expect(await find(producer, { name: "foreign" })).toEqual(["job-2007", "job-1007", "job-7"]);
      expect(await find(producer, { name: "foreign" }, 1)).toEqual(["job-2007", "job-1007", "job-7"]);
      expect(await find(producer, { name: "none" })).toEqual([]);
      expect(await find(producer, { name: "checksum", queue: "store" })).toEqual([]);
      expect(await find(producer, { state: "delayed", name: "foreign" })).toEqual([]);
    }));

  it("by an image: an id, a name, one of a batch, that of a result, however its JSON is written", () =>
    scene(async ({ producer, plain, prefix }) => {
      await plain.checksum.addBulk([
        { name: "checksum", data: { id: "abc" }, opts: { jobId: "by-id" } },
        { name: "checksum", data: { id: "abcd" }, opts: { jobId: "longer" } },
        { name: "checksum-graph", data: { ids: ["x", "abc"] }, opts: { jobId: "by-ids" } },
        { name: "foreign", data: { comment: "abc" }, opts: { jobId: "comment" } },
        { name: "tag", data: { id: "x", name: "r.example/a/b:1" }, opts: { jobId: "by-name", priority: 3 } },
        { name: "checksum", data: { id: "later" }, opts: { jobId: "put-off", delay: 3_600_000 } },
      ]);
      // As PHP and Python write it.
      await redis.hset(`${prefix}:checksum:by-name`, "data", '{"id":"x","name":"r.example\\/a\\/b:1"}');
      await redis.hset(`${prefix}:checksum:put-off`, "data", '{"id":"l\\u0061ter"}');
      expect((await find(producer, { image: "abc" })).toSorted()).toEqual(["by-id", "by-ids"]);
      expect(await find(producer, { image: "r.example/a/b:1" })).toEqual(["by-name"]);
      expect(await find(producer, { image: "later" })).toEqual(["put-off"]);
      expect(await find(producer, { image: '"' })).toEqual([]);
    }));

  it("by the code that they failed with, and by the time of their end", () =>
    withForeignWorker(database.url, async (producer, serve) => {
      serve(async ({ data: { id } }) => {
        if (id === "good") return { id: "made" };
        throw new UnrecoverableError(`${id === "bad" ? "IMAGE_BROKEN" : "NO_SPACE"}: it is`);
      });
      const jobs = [];
      for (const id of ["bad", "full", "good"]) {
        jobs.push(await producer.enqueue("checksum", { id }, { jobId: id }));
        await producer.wait(jobs.at(-1) as never).catch(() => undefined);
      }
      expect(await find(producer, { code: "IMAGE_BROKEN" })).toEqual(["bad"]);
      expect(await find(producer, { code: "IMAGE_NOT_FOUND" })).toEqual([]);
      expect(await find(producer, { code: "NO_SPACE", state: "waiting" })).toEqual([]);
      expect(await find(producer, { image: "made" })).toEqual(["good"]);
      const ended = (await producer.job("full"))?.finishedAt ?? 0;
      expect(await find(producer, { since: ended })).toEqual(expect.arrayContaining(["good", "full"]));
      expect(await find(producer, { since: ended + 60_000 })).toEqual([]);
      expect(await find(producer, { before: ended })).not.toContain("full");
      await producer.enqueue("store", { image: { id: "z" }, layer: { path: "/z" } }, { jobId: "waits" });
      expect(await find(producer, { since: Date.now() - 60_000, queue: "store" })).toEqual(["waits"]);
      expect(await find(producer, { since: Date.now() + 60_000 })).toEqual([]);
    }));

  it("among records that cannot be read", () =>
    scene(async ({ producer, plain, prefix }) => {
      await plain.checksum.add("checksum", { id: "sound" }, { jobId: "sound" });
      await plant(redis, `${prefix}:checksum:`, [...poisons, ...strangers]);
      expect(await find(producer, { image: "sound" })).toContain("sound");
      expect(await find(producer, { name: "checksum" })).toContain("sound");
      expect(await find(producer, { name: "x\\u000a2026 forged" })).toEqual(["forger"]);
      expect(await find(producer, { name: `${"n".repeat(140)}...` })).toEqual(["long-name"]);
      expect(await find(producer, { since: Date.now() + 60_000 })).toEqual([]);
    }));

  it("while others are added and removed", () =>
    scene(async ({ producer, plain }) => {
      const old = Array.from({ length: 5_000 }, (_, at) => ({
        name: at % 500 === 0 ? "wanted" : "checksum",
        data: {},
        opts: { jobId: `job-${at}` },
      }));
      await plain.checksum.addBulk(old);
      const first = await producer.page({ name: "wanted", limit: 3 });
      await plain.checksum.addBulk(
        old.slice(0, 300).map(({ name }, at) => ({ name, data: {}, opts: { jobId: `new-${at}` } })),
      );
      await Promise.all([4_500, 4_400, 4_300].map((at) => plain.checksum.remove(`job-${at}`)));
      const rest = await producer.page({ name: "wanted", limit: 50, cursor: first.next });
      const found = [...first.jobs, ...rest.jobs].map(({ id }) => id);
      expect(found).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((at) => `job-${at * 500}`));
      expect(rest.next).toBeUndefined();
    }));

  it("also where Redis has no SORT_RO for scripts, as in a cluster", () =>
    scene(async ({ plain, prefix }) => {
      const user = `u-${randomUUID()}`;
      await redis.call("ACL", "SETUSER", user, "on", ">pw", "~*", "&*", "+@all", "-sort_ro");
      const url = new URL(database.url);
      url.username = user;
      url.password = "pw";
      const limited = openProducer({ redis: url.href, graph: prefix.slice("{stevedore:".length, -1) });
      try {
        await plain.checksum.add("checksum", { id: "abc" }, { jobId: "one" });
        await plain.checksum.add("checksum", { id: "x" }, { jobId: "two", priority: 2 });
        expect(await find(limited, { image: "abc" })).toEqual(["one"]);
        expect(await find(limited, { image: "x", state: "prioritized" })).toEqual(["two"]);
      } finally {
        await limited.close();
        await redis.call("ACL", "DELUSER", user);
      }
    }));

  it.each([0, -1, 1.5, 10_001, Number.NaN])("not by pages of %d", (limit) =>
    scene(async ({ producer }) => {
      await expect(producer.page({ limit })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    }),
  );
});

describe("a job that was cancelled", () => {
  it("has not failed: in records, lists, counts, events and metrics", () =>
    withForeignWorker(database.url, async (producer, serve) => {
      const left = new AbortController();
      const events = await producer.events(left.signal);
      const names = ["a", "b", "c"].map((id) => ({ name: "checksum", data: { id }, jobId: id }) as const);
      const [a] = await producer.enqueueAll(names);
      expect((await producer.counts()).checksum).toMatchObject({ failed: 0, cancelled: 0 });
      for (const id of ["a", "b"]) await producer.cancel(id);
      await expect(producer.wait(a as never)).rejects.toMatchObject({ code: "CANCELLED" });
      serve(async () => {
        throw new UnrecoverableError("NO_SPACE: full");
      });
      await producer.wait({ id: "c", queue: "checksum" }).catch(() => undefined);
      expect((await producer.counts()).checksum).toMatchObject({ waiting: 0, failed: 1, cancelled: 2 });
      expect(await producer.job("a")).toMatchObject({ state: "cancelled" });
      expect((await find(producer, { state: "cancelled" })).toSorted()).toEqual(["a", "b"]);
      expect(await find(producer, { state: "failed" })).toEqual(["c"]);
      expect(await find(producer, { code: "CANCELLED" })).toHaveLength(2);
      expect((await producer.recent("failed", 5)).map(({ id }) => id)).toEqual(["c"]);
      const page = await producer.prometheus();
      expect(page).toContain('bullmq_jobs{queue="checksum", state="failed"} 1\n');
      expect(page).toContain('bullmq_jobs{queue="checksum", state="cancelled"} 2\n');
      const states = new Map<string, string>();
      for await (const batch of events) {
        for (const event of batch) if ("id" in event) states.set(event.id, event.state);
        if (["completed", "failed"].includes(states.get("c") ?? "")) break;
      }
      left.abort();
      expect(Object.fromEntries(states)).toEqual({ a: "cancelled", b: "cancelled", c: "failed" });
      const heard: unknown[] = [];
      const watch = await producer.watch(
        { id: "a", queue: "checksum" },
        (event) => heard.push(event),
        () => {},
      );
      expect(heard).toMatchObject([{ state: "cancelled", error: { code: "CANCELLED" } }]);
      watch?.stop();
    }));

  it("is counted anew once the set of failed jobs has changed", () =>
    scene(async ({ producer, plain }) => {
      await plain.checksum.addBulk(
        ["a", "b"].map((jobId) => ({ name: "checksum", data: {}, opts: { jobId } })),
      );
      await producer.cancel("a");
      expect((await producer.counts()).checksum.cancelled).toBe(1);
      await producer.cancel("b");
      expect((await producer.counts()).checksum.cancelled).toBe(2);
      await (await plain.checksum.getJob("a"))?.remove();
      expect((await producer.counts()).checksum).toMatchObject({ failed: 0, cancelled: 1 });
    }));
});

describe("ids that several queues have", () => {
  it("are refused until a queue is named, and mean that queue's job then", () =>
    scene(async ({ producer, plain }) => {
      const one = await plain.checksum.add("checksum", { id: "c" });
      const other = await plain.store.add("delete", { id: "s" });
      expect([one.id, other.id]).toEqual(["1", "1"]);
      const ambiguous = {
        code: "AMBIGUOUS_ID",
        message: expect.stringMatching(/several queues have a job "1": store, checksum; .*queue/),
      };
      await expect(producer.job("1")).rejects.toMatchObject(ambiguous);
      await expect(producer.log("1")).rejects.toMatchObject(ambiguous);
      await expect(producer.cancel("1")).rejects.toMatchObject(ambiguous);
      expect(await producer.job("1", { queue: "store" })).toMatchObject({
        queue: "store",
        data: { id: "s" },
      });
      expect(await producer.job("1", { queue: "mount" })).toBeUndefined();
      expect(await producer.cancel("1", { queue: "store" })).toBe(true);
      expect(await producer.job("1", { queue: "checksum" })).toMatchObject({ state: "waiting" });
      await expect(producer.wait({ id: "1", queue: "store" })).rejects.toMatchObject({ code: "CANCELLED" });
      const missing = { code: "INVALID_JOB", message: 'there is no job "1" in the queue "mount"' };
      await expect(producer.cancel("1", { queue: "mount" })).rejects.toMatchObject(missing);
    }));

  it("that are too long are named in short", () =>
    scene(async ({ producer }) => {
      const message = expect.stringMatching(
        /^"x{140}\.\.\." is no job's id: it has 5000 characters, .* more than 400$/,
      );
      await expect(producer.cancel("x".repeat(5_000))).rejects.toMatchObject({
        code: "INVALID_JOB",
        message,
      });
    }));
});

describe("a delayed job", () => {
  it("tells when it is due", () =>
    scene(async ({ producer, plain }) => {
      const { next } = await producer.schedule({ name: "gc", data: {}, cron: "0 3 * * *" });
      expect(await producer.job(`repeat:gc:${next}`)).toMatchObject({ state: "delayed", dueAt: next });
      expect((await producer.page({ limit: 5 })).jobs).toMatchObject([{ dueAt: next }]);
      expect(await collect(producer.jobs())).toMatchObject([{ dueAt: next }]);
      const { id = "" } = await plain.checksum.add("checksum", { id: "a" });
      expect(await producer.job(id)).toMatchObject({ dueAt: null, startedAt: null });
    }));
});
