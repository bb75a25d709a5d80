// A producer that looks on: counts, the newest records, and the events of all jobs.
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { Processor } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProducer, type Producer, type QueueEvent } from "../../../src/producer/index.js";
import { withForeignWorker } from "../../support/redis/foreign-worker.js";
import { startRedis } from "../../support/redis/redis-server.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";

let redis: TestDatabase;
beforeAll(async () => {
  redis = await openDatabase();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** A producer, and workers of two queues that do what they are told, one job at a time. */
const withQueue = (use: (producer: Producer, serve: (work: Processor) => void) => Promise<void>) =>
  withForeignWorker(redis.url, (producer, serve) =>
    use(producer, (work) => {
      for (const queue of ["checksum", "store"] as const) serve(work, queue, 1);
    }),
  );

/** Reads events until one is what is waited for. */
async function readUntil(
  events: AsyncGenerator<readonly QueueEvent[], void>,
  last: (event: QueueEvent) => boolean,
): Promise<QueueEvent[]> {
  const read: QueueEvent[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done) return read;
    expect(value.length).toBeGreaterThan(0);
    read.push(...value);
    if (value.some(last)) return read;
  }
}

const none = {
  cancelled: 0,
  ...{ waiting: 0, active: 0, delayed: 0, prioritized: 0, completed: 0, failed: 0 },
  "waiting-children": 0,
};

describe("counts and recent", () => {
  it("tell how many jobs of each state there are, and which are the newest", () =>
    withQueue(async (producer, serve) => {
      expect(await producer.counts()).toEqual({ store: none, checksum: none, mount: none });
      const jobs = ["a", "b", "c"].map((id) => ({ name: "checksum", data: { id } }) as const);
      await producer.enqueueAll([...jobs, { name: "delete", data: { id: "d" } }]);
      expect(await producer.counts()).toEqual({
        store: { ...none, waiting: 1 },
        checksum: { ...none, waiting: 3 },
        mount: none,
      });
      const events = await producer.events();
      serve(async () => ({}));
      let ended = 0;
      await readUntil(events, (event) => "id" in event && event.state === "completed" && ++ended === 4);
      await events.return();
      expect(await producer.counts()).toMatchObject({
        store: { ...none, completed: 1 },
        checksum: { ...none, completed: 3 },
      });
      const newest = (await producer.recent("completed", 10)).filter(({ queue }) => queue === "checksum");
      expect(newest.map(({ data }) => data)).toEqual([{ id: "c" }, { id: "b" }, { id: "a" }]);
      expect(await producer.recent("completed", 2)).toHaveLength(2);
      expect(await producer.recent("completed", 0)).toEqual([]);
      expect(await producer.recent("failed", 10)).toEqual([]);
    }));
});

describe.concurrent("events", () => {
  it("are those of all jobs of all queues, each job's in order, with what came of it", () =>
    withQueue(async (producer, serve) => {
      const begun = Date.now();
      const events = await producer.events();
      const good = await producer.enqueue("checksum", { id: "good" });
      const bad = await producer.enqueue("delete", { id: "bad" });
      const progress = { phase: "checksum", done: 1, total: 2, unit: "bytes" };
      const { UnrecoverableError } = await import("bullmq");
      serve(async (job) => {
        if (job.name === "delete") throw new UnrecoverableError("IMAGE_IN_USE: it is");
        await job.updateProgress(progress);
        return { ok: true };
      });
      let ended = 0;
      const all = await readUntil(
        events,
        (event) => "id" in event && ["completed", "failed"].includes(event.state) && ++ended === 2,
      );
      const of = (id: string) => all.filter((event) => "id" in event && event.id === id);
      const common = { queue: "checksum", id: good.id, at: expect.any(Number) };
      expect(of(good.id)).toEqual([
        { ...common, state: "waiting" },
        { ...common, state: "active" },
        { ...common, state: "active", progress },
        { ...common, state: "completed", result: { ok: true } },
      ]);
      expect(of(bad.id).at(-1)).toEqual({
        ...{ queue: "store", id: bad.id, at: expect.any(Number), state: "failed" },
        error: { code: "IMAGE_IN_USE", message: "it is" },
      });
      for (const event of all) if ("at" in event) expect(event.at).toBeGreaterThanOrEqual(begun - 1_000);
      await events.return();
    }));

  it("tell of a job that was taken back", () =>
    withQueue(async (producer) => {
      const events = await producer.events();
      const job = await producer.enqueue("checksum", { id: "a" });
      await producer.withdraw(job);
      const all = await readUntil(events, (event) => "id" in event && event.state === "removed");
      expect(all.at(-1)).toMatchObject({ id: job.id, error: { code: "JOB_NOT_FOUND" } });
    }));

  it("leave out progress that was not read in time, and nothing else", () =>
    withQueue(async (producer, serve) => {
      const [events, other] = [await producer.events(), await producer.events()];
      const job = await producer.enqueue("checksum", { id: "a" });
      serve(async (work) => {
        for (let done = 0; done < 50; done++)
          await work.updateProgress({ phase: "checksum", done, total: 50, unit: "bytes" });
      });
      // What the second stream has heard the first has heard before it.
      const isEnd = (event: QueueEvent) => "id" in event && event.state === "completed";
      await readUntil(other, isEnd);
      await other.return();
      const all = (await readUntil(events, () => true)).filter(
        (event) => "id" in event && event.id === job.id,
      );
      expect(all.map((event) => "state" in event && event.state)).toEqual([
        ...["waiting", "active", "active", "completed"],
      ]);
      expect(all[2]).toMatchObject({ progress: { done: 49 } });
    }));

  it("take no report for progress that is none, whoever wrote it; follow neither", () =>
    withQueue(async (producer, serve) => {
      const events = await producer.events();
      const job = await producer.enqueue("checksum", { id: "a" });
      const followed = (async () => {
        const updates = [];
        for await (const update of producer.follow(job)) updates.push(update.progress);
        return updates.filter((progress) => progress !== undefined);
      })();
      const good = { phase: "images", done: 1, total: 2, unit: "images", bytesDone: 5, bytesTotal: 9 };
      serve(async (work) => {
        for (const bad of [7, { ...good, done: -1 }, { ...good, unit: "\u001b[2J" }, { phase: "x" }])
          await work.updateProgress(bad);
        await work.updateProgress({ ...good, ofALaterVersion: true });
      });
      const all = await readUntil(events, (event) => "id" in event && event.state === "completed");
      expect(all.flatMap((event) => ("progress" in event ? [event.progress] : []))).toEqual([good]);
      for (const progress of await followed) expect(progress).toEqual(good);
      await events.return();
    }));

  it("end when the signal aborts, also one that has aborted before", () =>
    withQueue(async (producer) => {
      const controller = new AbortController();
      const events = await producer.events(controller.signal);
      const reading = events.next();
      controller.abort();
      expect(await reading).toEqual({ done: true, value: undefined });
      const late = await producer.events(controller.signal);
      expect(await late.next()).toEqual({ done: true, value: undefined });
    }));

  it("outlive a Redis that goes away and comes back, and a producer closes while it is away", async () => {
    await using own = await startRedis();
    const producer = openProducer({ redis: own.url });
    try {
      const events = await producer.events();
      const warnings: Error[] = [];
      const onWarning = (warning: Error) => warnings.push(warning);
      process.on("warning", onWarning);
      // Another connection, by which to know that ours is gone too.
      const witness = new Redis(own.url, { retryStrategy: () => null });
      const gone = once(
        witness.on("error", () => undefined),
        "end",
      );
      await witness.ping();
      await own.kill();
      await gone;
      await setImmediate();
      // However many ask meanwhile: Node would write of a leak into whatever stands on a terminal.
      const asked = await Promise.allSettled(Array.from({ length: 30 }, () => producer.workers("store")));
      expect(new Set(asked.map(({ status }) => status))).toEqual(new Set(["rejected"]));
      process.off("warning", onWarning);
      expect(warnings).toEqual([]);
      const lost = await readUntil(events, (event) => "connection" in event);
      expect(lost).toMatchObject([{ connection: "lost", error: { code: "QUEUE_UNAVAILABLE" } }]);
      await own.start();
      await readUntil(events, (event) => "connection" in event && event.connection === "restored");
      const job = await producer.enqueue("checksum", { id: "a" });
      const after = await readUntil(events, (event) => "id" in event);
      expect(after.at(-1)).toMatchObject({ id: job.id, state: "waiting" });
      await own.kill();
    } finally {
      await producer.close();
    }
  });
});
