// Records that cannot be read, as a producer sees them.
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { openProducer, type Producer, uploadsInUse } from "../../src/producer/index.js";
import { collect } from "../support/collect.js";
import { plant, poisons, strangers } from "../support/redis/poison.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";

let database: TestDatabase;
let redis: Redis;
beforeAll(async () => {
  database = await openDatabase();
  redis = new Redis(database.url);
});
afterAll(async () => {
  redis.disconnect();
  await database[Symbol.asyncDispose]();
});

/** A producer of a graph in whose queue `checksum` all of them wait, behind one that is sound. */
async function poisoned(use: (producer: Producer, prefix: string) => Promise<void>): Promise<void> {
  const graph = `g-${randomUUID()}`;
  const producer = openProducer({ redis: database.url, graph });
  const prefix = `${keyPrefix(graph)}:checksum:`;
  try {
    await producer.enqueue("checksum", { id: "sound" }, { jobId: "sound" });
    await plant(redis, prefix, [...poisons, ...strangers]);
    await use(producer, prefix);
  } finally {
    await producer.close();
  }
}

const ids = [...poisons, ...strangers].map(({ id }) => id);

describe("an event that cannot be read", () => {
  it.each([
    ["progress", "data", "{"],
    ["progress", "data", ""],
    ["completed", "returnvalue", "no json"],
    ["completed", "other", "1"],
    ["error", "data", "x"],
  ])("does not end the stream of events: %s with %s %j", (event, field, value) =>
    poisoned(async (producer, prefix) => {
      const left = new AbortController();
      const events = await producer.events(left.signal);
      await redis.xadd(`${prefix}events`, "*", "event", event, "jobId", "bad", field, value);
      await producer.enqueue("checksum", { id: "after" }, { jobId: "after" });
      const ids: string[] = [];
      for await (const batch of events) {
        ids.push(...batch.flatMap((told) => ("id" in told ? [told.id] : [])));
        if (ids.includes("after")) break;
      }
      left.abort();
      expect(ids.filter((id) => id === "bad")).toHaveLength(event === "completed" ? 1 : 0);
    }),
  );
});

describe("a record that cannot be read", () => {
  it("is listed, counted and found, and says what is wrong with it", () =>
    poisoned(async (producer) => {
      const listed = await collect(producer.jobs({ state: "waiting" }));
      expect(listed.map(({ id }) => id)).toEqual(["sound", ...ids]);
      const { jobs, next } = await producer.page({ limit: 100 });
      expect([jobs.map(({ id }) => id).sort(), next]).toEqual([["sound", ...ids].sort(), undefined]);
      expect(await producer.recent("waiting", 100)).toHaveLength(ids.length + 1);
      expect((await producer.counts()).checksum.waiting).toBe(ids.length + 1);
      expect(await producer.prometheus()).toMatch(/^bullmq_jobs\{/m);
      expect(await uploadsInUse(producer)).toEqual(new Set());
      for (const { id, says } of poisons) {
        const found = await producer.job(id);
        expect(found).toEqual(listed.find((record) => record.id === id));
        expect(found).toMatchObject({ id, queue: "checksum", state: "waiting", attempts: 0 });
        expect(found?.failedReason).toMatch(new RegExp(`^INVALID_JOB: .*${says.source}`));
        expect(Number.isFinite(found?.createdAt)).toBe(true);
        expect(await producer.record("checksum", id)).toEqual(found);
      }
    }));

  it("keeps its pages apart", () =>
    poisoned(async (producer) => {
      const seen: string[] = [];
      for (let cursor: Awaited<ReturnType<Producer["page"]>>["next"]; ; ) {
        const { jobs, next } = await producer.page({ limit: 2, cursor });
        seen.push(...jobs.map(({ id }) => id));
        if (next === undefined) break;
        cursor = next;
      }
      expect(seen.sort()).toEqual(["sound", ...ids].sort());
    }));

  it("has a short name on one line", () =>
    poisoned(async (producer) => {
      expect((await producer.job("long-name"))?.name).toMatch(/^n{140}\.\.\.$/);
      expect((await producer.job("forger"))?.name).toBe("x\\u000a2026 forged");
    }));

  it("is watched as any other", () =>
    poisoned(async (producer) => {
      for (const id of ids) {
        const heard: unknown[] = [];
        const watch = await producer.watch(
          { queue: "checksum", id },
          (event) => heard.push(event),
          () => {},
        );
        expect(heard).toEqual([{ state: "waiting" }]);
        watch?.stop();
      }
    }));

  it(
    "is cancelled, wherever it waits",
    () =>
      poisoned(async (producer, prefix) => {
        await redis.lrem(`${prefix}wait`, 0, "gone");
        await redis.zadd(`${prefix}delayed`, Date.now() * 2 * 0x1000, "gone");
        await redis.lrem(`${prefix}wait`, 0, "data");
        await redis.zadd(`${prefix}prioritized`, 5, "data");
        for (const id of ids) expect([id, await producer.cancel(id)]).toEqual([id, true]);
        let cancelled = 0;
        for (const id of ids) {
          const record = await producer.job(id);
          const [code] = record?.failedReason?.split(": ") ?? [];
          expect([id, record?.state, code]).toEqual(
            code === "CANCELLED" ? [id, "cancelled", code] : [id, "failed", "INVALID_JOB"],
          );
          if (code === "CANCELLED") cancelled += 1;
        }
        expect((await producer.counts()).checksum).toMatchObject({
          waiting: 1,
          active: 0,
          failed: ids.length - cancelled,
          cancelled,
        });
        expect(cancelled).toBeGreaterThan(0);
      }),
    60_000,
  );

  it("is removed", () =>
    poisoned(async (producer) => {
      for (const id of ids) {
        const job = { id, queue: "checksum", name: "checksum" } as const;
        expect([id, await producer.withdraw(job)]).toEqual([id, true]);
        expect(await producer.job(id)).toBeUndefined();
      }
      expect((await collect(producer.jobs())).map(({ id }) => id)).toEqual(["sound"]);
    }));

  it("is none where the queue keeps something else, or nothing", () =>
    poisoned(async (producer) => {
      for (const id of ["meta", "events", "wait", "marker", "nothing"]) {
        expect(await producer.job(id)).toBeUndefined();
        expect(await producer.record("checksum", id)).toBeUndefined();
        await expect(producer.cancel(id)).rejects.toMatchObject({ code: "INVALID_JOB" });
      }
    }));
});
