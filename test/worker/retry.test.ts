// Jobs that are retried, by a real worker: their tries, batches with their children, runs of schedules, uploads.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { batchKey, keyPrefix } from "../../src/jobs/index.js";
import type { Producer } from "../../src/producer/index.js";
import { runJob, useDock } from "../support/dock.js";
import { writeSingleFileImage } from "../support/images/single-file-image.js";
import { until } from "../support/until.js";

const dock = useDock();

/** The states of the jobs of a batch by their ids, the batch's among them. */
async function statesOf(producer: Producer): Promise<Record<string, string>> {
  const states: Record<string, string> = {};
  for await (const { id, state } of producer.jobs()) states[id] = state;
  return states;
}

async function withQueue(graph: string, use: (queue: Queue, redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
  const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix(graph) });
  try {
    await use(queue, redis);
  } finally {
    await queue.close();
    redis.disconnect();
  }
}

describe("a job that is retried", () => {
  it("is done, once what it failed for is mended", () =>
    dock.serving(async ({ producer, root }) => {
      const job = await producer.enqueue("checksum", { id: "a" });
      await expect(producer.wait(job)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
      writeSingleFileImage(root, "a", 10);
      await producer.retry(job.id);
      expect(await producer.wait(job)).toMatchObject({ id: "a" });
      expect(await producer.job(job.id)).toMatchObject({
        state: "completed",
        attempts: 1,
        failedReason: null,
      });
    }));

  it("fails again, and says so, if its upload is gone", () =>
    dock.serving(async ({ producer }) => {
      const layer = { upload: "taken-away" };
      const job = await producer.enqueue("store", { image: { id: "a" }, layer });
      await expect(producer.wait(job)).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
      await producer.retry(job.id);
      await until("it has not failed again", async () => {
        const record = await producer.job(job.id);
        return record?.state === "failed" && record.attempts === 1;
      });
      expect((await producer.job(job.id))?.failedReason).toMatch(/^SOURCE_NOT_FOUND: .*taken-away/);
    }));

  it("and is a batch that was cancelled makes its children again, and does what is left", () =>
    dock.serving(
      async ({ producer, root, graphName }) =>
        withQueue(graphName, async (queue, redis) => {
          const ids = Array.from({ length: 6 }, (_, at) => `image-${at}`);
          for (const id of ids) writeSingleFileImage(root, id, 20_000_000);
          const job = await producer.enqueue("checksum-graph", { recipe: "xz-1" });
          for await (const { progress } of producer.follow(job)) if (progress !== undefined) break;
          expect(await producer.cancel(job.id)).toBe(true);
          expect(await queue.getFailedCount()).toBeGreaterThan(1);
          for (const id of ids) writeFileSync(join(root, "graph", id, "layer/file"), "small");
          await producer.retry(job.id);
          expect(await producer.wait(job)).toMatchObject({ total: 6, computed: 6, failed: [] });
          expect(new Set(Object.values(await statesOf(producer)))).toEqual(new Set(["completed"]));
          expect(await redis.pttl(batchKey(graphName, job.id))).toBeLessThanOrEqual(60_000);
        }),
      { concurrency: { checksum: 2 } },
    ));

  it("and is a batch leaves out those of its children whose records say that they are done", () =>
    dock.serving(async ({ producer, root, graphName }) =>
      withQueue(graphName, async (queue, redis) => {
        for (const id of ["a", "b"]) {
          writeSingleFileImage(root, id, 10);
          await runJob(producer, "checksum", { id, recipe: "xz-1" });
        }
        const job = await producer.enqueue("verify-graph", {});
        const whole = { total: 2, verified: 2, failed: [] };
        expect(await producer.wait(job)).toMatchObject(whole);
        const [batch, done, again] = ["", ".a", ".b"].map((child) => queue.toKey(`${job.id}${child}`)) as [
          string,
          string,
          string,
        ];
        for (const id of [job.id, `${job.id}.b`]) {
          await redis.zrem(queue.toKey("completed"), id);
          await redis.zadd(queue.toKey("failed"), 1, id);
          await redis.hset(queue.toKey(id), "failedReason", "INTERNAL: as if");
        }
        await redis.hdel(`${batch}:processed`, again);
        await redis.hset(`${batch}:failed`, again, "INTERNAL: as if");
        await producer.retry(job.id);
        await until(
          "it has not completed again",
          async () => (await producer.job(job.id))?.state === "completed",
        );
        expect((await producer.job(job.id))?.result).toMatchObject(whole);
        expect([await redis.hget(done, "ats"), await redis.hget(again, "ats")]).toEqual(["1", "1"]);
        expect(await redis.hget(again, "failedReason")).toBeNull();
      }),
    ));

  it("and was the child of a batch that has ended leaves the batch as it is", () =>
    dock.serving(async ({ producer, worker, root, graphName }) =>
      withQueue(graphName, async (_, redis) => {
        writeSingleFileImage(root, "a", 10);
        writeSingleFileImage(root, "b", 40_000_000);
        const job = await producer.enqueue("checksum-graph", {});
        const child = { id: `${job.id}.b`, name: "checksum", queue: "checksum" } as const;
        await until(
          "the child is not at work",
          async () => (await producer.job(child.id))?.state === "active",
        );
        await producer.cancel(child.id);
        expect(await producer.wait(job)).toMatchObject({ cancelled: ["b"] });
        // As if the minute were over for which the plan is kept.
        await redis.del(batchKey(graphName, job.id));
        const before = await producer.job(job.id);
        writeFileSync(join(root, "graph/b/layer/file"), "small");
        await producer.retry(child.id);
        expect(await producer.wait(child)).toMatchObject({ id: "b" });
        // That writes the reports which are pending.
        await worker.close(0);
        expect(await redis.exists(batchKey(graphName, job.id))).toBe(0);
        expect(await producer.job(job.id)).toEqual(before);
      }),
    ));

  it("and is the run of a schedule is done, and leaves the next run where it is", () =>
    dock.serving(async ({ producer, graphName }) =>
      withQueue(graphName, async (queue) => {
        const set = await producer.schedule({
          ...{ name: "checksum", data: { id: "a" }, cron: "0 3 * * *", id: "n" },
        });
        const run = { id: `repeat:n:${set.next}`, name: "checksum", queue: "checksum" } as const;
        await (await queue.getJob(run.id))?.promote();
        await expect(producer.wait(run)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
        const [schedule] = await producer.schedules();
        await producer.retry(run.id);
        await until("it has not failed again", async () => {
          const record = await producer.job(run.id);
          return record?.state === "failed" && record.attempts === 1;
        });
        expect((await producer.schedules())[0]).toEqual(schedule);
        expect(await queue.getJobCounts("delayed", "waiting")).toEqual({ delayed: 1, waiting: 0 });
      }),
    ));
});
