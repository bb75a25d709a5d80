// Waiting for a job whose record goes away, and for no longer than one wants.
import { randomUUID } from "node:crypto";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyPrefix } from "../../../src/jobs/index.js";
import { openProducer, type Producer, type WatchedEvent } from "../../../src/producer/index.js";
import { collect } from "../../support/collect.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";

let redis: TestDatabase;
beforeAll(async () => {
  redis = await openDatabase();
});
afterAll(() => redis[Symbol.asyncDispose]());

interface Scene {
  readonly producer: Producer;
  /** BullMQ's own. */
  readonly queue: Queue;
  readonly connection: Redis;
}

/** A producer that looks for its jobs often. */
async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const graph = `g-${randomUUID()}`;
  const producer = openProducer({ redis: redis.url, graph, goneInterval: 20 });
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  const queue = new Queue("checksum", { connection, prefix: keyPrefix(graph) });
  try {
    await use({ producer, queue, connection });
  } finally {
    await queue.close();
    connection.disconnect();
    await producer.close();
  }
}

describe("a wait for a job", () => {
  const removals: Record<string, (scene: Scene, id: string) => Promise<unknown>> = {
    "whose queue is drained": ({ queue }) => queue.drain(),
    "whose queue is obliterated": ({ queue }) => queue.obliterate({ force: true }),
    "that is removed": ({ queue }, id) => queue.remove(id),
    "whose record is deleted": ({ queue, connection }, id) => connection.del(queue.toKey(id)),
  };
  for (const [which, remove] of Object.entries(removals)) {
    it(`${which} ends with JOB_NOT_FOUND, and so does one who watches it`, () =>
      withScene(async (scene) => {
        const { producer } = scene;
        const job = await producer.enqueue("checksum", { id: "a" });
        const updates = producer.follow(job);
        expect((await updates.next()).value).toEqual({ state: "waiting" });
        const seen: WatchedEvent[] = [];
        let end = () => {};
        const ended = new Promise<void>((resolve) => {
          end = resolve;
        });
        const hear = (event: WatchedEvent) => {
          seen.push(event);
          if ("state" in event && event.state === "failed") end();
        };
        const watch = await producer.watch(job, hear, end);
        const gone = { code: "JOB_NOT_FOUND", message: `there is no job "${job.id}", or no longer` };
        // Expected before it comes: it may before the removal has been answered.
        const waiting = expect(producer.wait(job)).rejects.toMatchObject({ ...gone, jobId: job.id });
        await remove(scene, job.id);
        await waiting;
        expect(await collect(updates)).toEqual([{ state: "failed", error: gone }]);
        await ended;
        watch?.stop();
        expect(seen).toEqual([{ state: "waiting" }, { state: "failed", error: gone }]);
      }));
  }

  it("that never was ends with JOB_NOT_FOUND", () =>
    withScene(async ({ producer }) => {
      const job = { id: "nobody", name: "checksum", queue: "checksum" } as const;
      await expect(producer.wait(job)).rejects.toMatchObject({ code: "JOB_NOT_FOUND", jobId: "nobody" });
    }));

  it("whose record goes with its end brings the result", () =>
    withScene(async ({ producer, queue, connection }) => {
      const { id = "" } = await queue.add("checksum", { id: "a" }, { jobId: "a", removeOnComplete: true });
      const waiting = producer.wait({ id, name: "checksum", queue: "checksum" });
      const worker = new Worker("checksum", async () => ({ ok: true }), {
        connection,
        prefix: queue.opts.prefix ?? "",
      });
      expect(await waiting).toEqual({ ok: true });
      expect(await producer.job(id)).toBeUndefined();
      await worker.close();
    }));

  it("is given up when its time is over or its signal aborts; the job goes on", () =>
    withScene(async ({ producer }) => {
      const job = await producer.enqueue("checksum", { id: "a" });
      await expect(producer.wait(job, { timeoutMs: 10 })).rejects.toMatchObject({
        ...{ code: "CANCELLED", jobId: job.id, cause: { name: "TimeoutError" } },
      });
      const enough = new AbortController();
      const waiting = producer.wait(job, { signal: enough.signal, timeoutMs: 60_000 });
      enough.abort("enough");
      await expect(waiting).rejects.toMatchObject({ code: "CANCELLED", cause: "enough" });
      expect(await producer.job(job.id)).toMatchObject({ state: "waiting" });
    }));
});

it("of 1,500 waits only those of lost jobs end", () =>
  withScene(async ({ producer, queue, connection }) => {
    const ids = Array.from({ length: 1_500 }, (_, at) => `image-${at}`);
    const jobs = await producer.enqueueAll(ids.map((id) => ({ name: "checksum", data: { id } }) as const));
    const enough = new AbortController();
    const waits = jobs.map((job) => producer.wait(job, enough.signal).catch((error) => error.code));
    const lost = [700, 1_400];
    await connection.del(...lost.map((at) => queue.toKey(jobs[at]?.id ?? "")));
    expect(await Promise.all(lost.map((at) => waits[at]))).toEqual(["JOB_NOT_FOUND", "JOB_NOT_FOUND"]);
    enough.abort();
    const codes = await Promise.all(waits);
    expect(codes.filter((code) => code === "CANCELLED")).toHaveLength(1_498);
  }));
