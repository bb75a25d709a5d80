// The runs of schedules, by a real worker: they come when they are due, and never two of the same at a time.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { deduplicationId, keyPrefix } from "../../src/jobs/index.js";
import { openProducer, type Producer, type Schedule } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { runJob, useDock } from "../support/dock.js";
import { until } from "../support/until.js";

const dock = useDock();

/** The run that is to come, as a job to be waited for. */
function nextRun({ id, queue, next }: Schedule) {
  return { id: `repeat:${id}:${next}`, name: "verify-graph", queue } as const;
}

/** A graph with the images a and b that nobody serves until that is asked for, then one job at a time; and its queue. */
async function prepared(
  use: (graph: {
    producer: Producer;
    queue: Queue;
    redis: Redis;
    root: string;
    serve: () => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const graph = `g-${randomUUID()}`;
  const root = join(dock.scratch, graph);
  for (const id of ["a", "b"]) {
    mkdirSync(join(root, "graph", id, "layer"), { recursive: true });
    writeFileSync(join(root, "graph", id, "json"), JSON.stringify({ id }));
  }
  const producer = openProducer({ redis: dock.redis, graph });
  const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
  const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix(graph) });
  const workers: Awaited<ReturnType<typeof startWorker>>[] = [];
  try {
    await use({
      producer,
      queue,
      redis,
      root,
      async serve() {
        const concurrency = { store: 1, checksum: 1, mount: 1 };
        workers.push(await startWorker({ redis: dock.redis, graph, root, concurrency }));
      },
    });
  } finally {
    for (const worker of workers) await worker.close(0);
    await producer.close();
    await queue.close();
    redis.disconnect();
  }
}

/** Sets a schedule whose first run is due at once. */
async function dueRun(producer: Producer, queue: Queue) {
  const run = nextRun(
    await producer.schedule({ name: "verify-graph", data: {}, cron: "0 3 * * *", id: "n" }),
  );
  await (await queue.getJob(run.id))?.promote();
  return run;
}

describe("a run of a schedule", () => {
  it("comes when it is due, is a job as any other, and the next one is set", () =>
    dock.serving(async ({ producer }) => {
      for (const id of ["a", "b"]) {
        await runJob(producer, "store", { image: { id }, layer: { path: dock.archive } });
      }
      const [data, cron] = [{ recipe: "xz-1" }, "*/1 * * * * *"];
      const set = await producer.schedule({ name: "checksum-graph", data, cron, id: "often" });
      const run = nextRun(set);
      const result = await producer.wait(run);
      expect(result).toMatchObject({ total: 2, computed: 2, failed: [] });
      await until("no other run came", async () => (await producer.schedules())[0]?.last?.id !== run.id);
      const [schedule] = await producer.schedules();
      await producer.unschedule("often");
      expect(schedule?.last?.id).toBe(`repeat:often:${schedule?.last?.at}`);
      expect(schedule?.last?.at).toBeGreaterThan(set.next);
      expect(schedule?.next).toBeGreaterThan(set.next);
      expect(await producer.job(run.id)).toMatchObject({ state: "completed", attempts: 1, data, result });
    }));

  it("fails by the codes of any other job, and does not end the schedule", () =>
    dock.serving(async ({ producer }) => {
      const schedule = { name: "checksum", data: { id: "nobody" }, cron: "*/1 * * * * *" };
      const set = await producer.schedule(schedule);
      const run = { ...nextRun(set), id: `repeat:checksum.nobody:${set.next}` };
      await expect(producer.wait(run)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
      const [left] = await producer.schedules();
      expect(left?.last).toEqual({ id: run.id, at: set.next, state: "failed" });
      expect(left?.next).toBeGreaterThan(set.next);
    }));

  it("is left out while a job that does the same has not ended, and says which", () =>
    prepared(async ({ producer, queue, serve }) => {
      const same = deduplicationId("verify-graph", {}) ?? "";
      const options = { jobId: "by-hand", delay: 3_600_000, deduplication: { id: same } };
      await queue.add("verify-graph", {}, options);
      const run = await dueRun(producer, queue);
      await serve();
      await expect(producer.wait(run)).rejects.toMatchObject({
        code: "CANCELLED",
        message: "this run of the schedule n is left out: the job by-hand does the same and has not ended",
      });
      expect(await producer.job("by-hand")).toMatchObject({ state: "delayed" });
      expect((await producer.enqueue("verify-graph", {})).id).toBe("by-hand");
    }));

  it("takes the place of one that left its mark behind in an outage", () =>
    prepared(async ({ producer, queue, redis, serve }) => {
      const same = deduplicationId("verify-graph", {}) ?? "";
      await queue.add("verify-graph", {}, { jobId: "lost", deduplication: { id: same } });
      await redis.del(queue.toKey("lost"), queue.toKey("wait"));
      const run = await dueRun(producer, queue);
      await serve();
      expect(await producer.wait(run)).toMatchObject({ total: 2 });
    }));

  it("is joined while it is at work, and ends with its children when it is cancelled", () =>
    prepared(async ({ producer, queue, root, serve }) => {
      const run = await dueRun(producer, queue);
      // Comes between the run and its children, and keeps the worker busy: it takes longer than the test.
      writeFileSync(join(root, "graph/b/layer/noise"), randomBytes(64 * 1024 ** 2));
      const busy = await producer.enqueue("checksum", { id: "b" });
      await serve();
      await until(
        "the run had no children",
        async () => (await producer.counts()).checksum.prioritized === 2,
      );
      expect((await producer.enqueue("verify-graph", {})).id).toBe(run.id);
      expect(await producer.cancel(run.id)).toBe(true);
      await expect(producer.wait(run)).rejects.toMatchObject({ code: "CANCELLED" });
      expect((await producer.counts()).checksum).toMatchObject({ prioritized: 0, waiting: 0, cancelled: 1 });
      expect((await producer.enqueue("verify-graph", {})).id).not.toBe(run.id);
      await producer.cancel(busy.id);
    }));
});
