import { execFileSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { type JobUpdate, openProducer, type Producer } from "../../src/producer/index.js";
import { collect } from "../support/collect.js";
import { type Serve, withForeignWorker } from "../support/redis/foreign-worker.js";
import { freePort, startRedis } from "../support/redis/redis-server.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";
import { startTcpProxy } from "../support/redis/tcp-proxy.js";

let redis: TestDatabase;
beforeAll(async () => {
  redis = await openDatabase();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** A producer, and a worker of the queue `checksum` that does what it is told. */
const withQueue = (use: (producer: Producer, serve: Serve) => Promise<void>) =>
  withForeignWorker(redis.url, use);

describe("enqueue and wait", () => {
  it("bring back the result the worker returned", () =>
    withQueue(async (producer, serve) => {
      const job = await producer.enqueue("checksum", { id: "a" });
      expect(job).toMatchObject({ name: "checksum", queue: "checksum" });
      serve(async ({ data }) => ({ echo: data }));
      expect(await producer.wait(job)).toEqual({ echo: { id: "a" } });
      // Also after the fact.
      expect(await producer.wait(job)).toEqual({ echo: { id: "a" } });
    }));

  it("bring back a failure by its code", () =>
    withQueue(async (producer, serve) => {
      const job = await producer.enqueue("checksum", { id: "nope" });
      const { UnrecoverableError } = await import("bullmq");
      serve(async () => {
        throw new UnrecoverableError("IMAGE_NOT_FOUND: there is no image nope");
      });
      await expect(producer.wait(job)).rejects.toMatchObject({
        code: "IMAGE_NOT_FOUND",
        message: "there is no image nope",
        jobId: job.id,
      });
    }));

  it("refuse what breaks the contract before anything is enqueued", () =>
    withQueue(async (producer) => {
      await expect(producer.enqueue("checksum", { id: "../x" })).rejects.toMatchObject({
        code: "INVALID_ID",
      });
      const jobs = [
        { name: "checksum", data: { id: "good" } },
        { name: "checksum", data: { id: "" } },
      ] as const;
      await expect(producer.enqueueAll(jobs)).rejects.toMatchObject({ code: "INVALID_ID" });
      expect(await collect(producer.jobs())).toEqual([]);
    }));

  it("join a checksum that waits or runs already, and repeat it once it is done", () =>
    withQueue(async (producer, serve) => {
      const first = await producer.enqueue("checksum", { id: "a" });
      const joined = await producer.enqueue("checksum", { id: "a", recipe: "xz-6" });
      const other = await producer.enqueue("checksum", { id: "a", recipe: "xz-1" });
      expect(joined.id).toBe(first.id);
      expect(other.id).not.toBe(first.id);
      serve(async () => ({}));
      await producer.wait(first);
      expect((await producer.enqueue("checksum", { id: "a" })).id).not.toBe(first.id);
    }));

  it("add a job of the same id only once", () =>
    withQueue(async (producer) => {
      await producer.enqueue("delete", { id: "a" }, { jobId: "mine" });
      await producer.enqueue("delete", { id: "a" }, { jobId: "mine" });
      const records = await collect(producer.jobs());
      expect(records.map(({ id, name, state }) => ({ id, name, state }))).toEqual([
        { id: "mine", name: "delete", state: "waiting" },
      ]);
      await expect(producer.enqueue("delete", { id: "a" }, { jobId: "12" })).rejects.toMatchObject({
        code: "INVALID_JOB",
      });
    }));

  it("take thousands of jobs in bulk, in the order given", () =>
    withQueue(async (producer, serve) => {
      const jobs = Array.from(
        { length: 2_500 },
        (_, n) => ({ name: "checksum", data: { id: `i${n}` } }) as const,
      );
      const enqueued = await producer.enqueueAll(jobs);
      expect(new Set(enqueued.map(({ id }) => id)).size).toBe(2_500);
      serve(async ({ data }) => data);
      const results = await Promise.all(enqueued.map((job) => producer.wait(job)));
      expect(results).toEqual(jobs.map(({ data }) => data));
    }));

  it("give retries, retention and a unique id to every job", () =>
    withQueue(async (producer) => {
      const { id } = await producer.enqueue("delete", { id: "a" });
      const record = await producer.job(id);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(record).toMatchObject({
        queue: "store",
        state: "waiting",
        attempts: 0,
        result: null,
        failedReason: null,
      });
      expect(await producer.job("unknown")).toBeUndefined();
    }));

  it("take back a job that nobody has begun", () =>
    withQueue(async (producer) => {
      const job = await producer.enqueue("delete", { id: "a" });
      expect(await producer.withdraw(job)).toBe(true);
      expect(await producer.job(job.id)).toBeUndefined();
      expect(await producer.withdraw(job)).toBe(false);
    }));

  it("tell whoever waits for a job that it was taken back", () =>
    withQueue(async (producer) => {
      const job = await producer.enqueue("checksum", { id: "a" });
      const updates = producer.follow(job);
      expect((await updates.next()).value).toMatchObject({ state: "waiting" });
      await producer.withdraw(job);
      for await (const { error } of updates) expect(error?.code).toBe("JOB_NOT_FOUND");
    }));

  it("leave the record of a job that has ended", () =>
    withQueue(async (producer, serve) => {
      const job = await producer.enqueue("checksum", { id: "a" });
      serve(async () => ({}));
      await producer.wait(job);
      expect(await producer.withdraw(job)).toBe(false);
      expect((await producer.job(job.id))?.state).toBe("completed");
    }));
});

describe("follow", () => {
  it("tells of the states and the progress, to the end", () =>
    withQueue(async (producer, serve) => {
      const job = await producer.enqueue("checksum", { id: "a" });
      const progress = { phase: "checksum", done: 1, total: 2, unit: "bytes" };
      const updates: JobUpdate[] = [];
      let proceed = () => {};
      const seen = new Promise<void>((resolve) => {
        proceed = resolve;
      });
      serve(async (job) => {
        await job.updateProgress(progress);
        await seen;
        return { done: true };
      });
      for await (const update of producer.follow(job)) {
        updates.push(update);
        if (update.progress !== undefined) proceed();
      }
      expect(updates.map(({ state }) => state)).toContain("active");
      expect(updates.find((update) => update.progress !== undefined)?.progress).toEqual(progress);
      expect(updates.at(-1)).toEqual({ state: "completed", result: { done: true } });
    }));

  it("is given up by its signal; the job stays", () =>
    withQueue(async (producer) => {
      const job = await producer.enqueue("checksum", { id: "a" });
      const controller = new AbortController();
      const waiting = producer.wait(job, controller.signal);
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
      expect((await producer.job(job.id))?.state).toBe("waiting");
    }));
});

describe("without Redis", () => {
  it("a producer fails with QUEUE_UNAVAILABLE and does not show the password", async () => {
    const port = await freePort();
    const producer = openProducer({ redis: `redis://user:secret@127.0.0.1:${port}` });
    const error = await producer.enqueue("checksum", { id: "a" }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "QUEUE_UNAVAILABLE" });
    expect((error as Error).message).toContain(`127.0.0.1:${port}`);
    expect((error as Error).message).not.toContain("secret");
    await producer.close();
  });

  it("a URL that is none is refused at once", () => {
    for (const url of ["", "http://h", "nonsense"]) {
      expect(() => openProducer({ redis: url })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    }
  });

  it("a wait ends with QUEUE_UNAVAILABLE when Redis goes away, and works again when it is back", async () => {
    await using own = await startRedis();
    const producer = openProducer({ redis: own.url });
    try {
      const job = await producer.enqueue("checksum", { id: "a" });
      const waiting = producer.wait(job);
      waiting.catch(() => undefined);
      await own.kill();
      await expect(waiting).rejects.toMatchObject({ code: "QUEUE_UNAVAILABLE" });
      await expect(producer.enqueue("checksum", { id: "b" })).rejects.toMatchObject({
        code: "QUEUE_UNAVAILABLE",
      });
      await own.start();
      expect((await producer.job(job.id))?.state).toBe("waiting");
      const [first, ...others] = await collect(producer.jobs());
      // What was reported as failed did not happen afterwards.
      expect([first?.id, others]).toEqual([job.id, []]);
    } finally {
      await producer.close();
    }
  });

  it("a wait survives a Redis that restarts from its append-only file", async () => {
    await using own = await startRedis();
    const producer = openProducer({ redis: own.url });
    const connection = new Redis(own.url, { maxRetriesPerRequest: null });
    connection.on("error", () => undefined);
    try {
      const job = await producer.enqueue("checksum", { id: "a" });
      const waiting = producer.wait(job);
      await own.kill();
      await own.start();
      const worker = new Worker("checksum", async () => ({ ok: true }), {
        connection,
        prefix: keyPrefix("default"),
      });
      expect(await waiting).toEqual({ ok: true });
      await worker.close();
    } finally {
      connection.disconnect();
      await producer.close();
    }
  });

  it("is not spoilt by a connection that breaks in its first moment, whichever that is", async () => {
    const { port, pathname } = new URL(redis.url);
    await using proxy = await startTcpProxy(Number(port));
    for (let after = 0; after < 40; after++) {
      const producer = openProducer({ redis: `redis://127.0.0.1:${proxy.port}${pathname}` });
      const first = producer.counts().catch(() => undefined);
      // No event tells where BullMQ stands: every millisecond has its turn.
      await setTimeout(after);
      proxy.cut();
      await first;
      await vi.waitFor(async () => expect(await producer.counts()).toHaveProperty("store"), 20_000);
      await producer.close();
    }
  });
});

it("a producer loads no native code of ours and nothing of the domain", () => {
  const script = `
    import { openProducer } from "./dist/producer/index.js";
    import { createRequire } from "node:module";
    openProducer({ redis: "redis://127.0.0.1:1" });
    const native = process.report.getReport().sharedObjects.filter((path) => /lzma/.test(path));
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /lzma-native|execa|node_modules.tar/.test(path));
    console.log(JSON.stringify({ native, loaded }));
    process.exit(0);`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(JSON.parse(output)).toEqual({ native: [], loaded: [] });
});
