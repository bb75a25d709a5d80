// Cancelling: jobs that wait, jobs at work in any process, batches with their children.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it, vi } from "vitest";
import { batchKey, keyPrefix } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { collect } from "../support/collect.js";
import { runJob, useDock } from "../support/dock.js";
import { writeSingleFileImage } from "../support/images/single-file-image.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { until } from "../support/until.js";

const dock = useDock();

/** Puts a small layer in the place of a large one: what is computed again need not take long. */
function shrinkLayer(root: string, id: string): void {
  writeFileSync(join(root, "graph", id, "layer/file"), "small");
}

/** Resolves when a job has told of its progress: it is at work. */
async function atWork(producer: Producer, job: Awaited<ReturnType<Producer["enqueue"]>>): Promise<void> {
  for await (const { progress } of producer.follow(job)) if (progress !== undefined) return;
}

/** The processes that work for this one, as which the tests' own Redis does not count. */
async function toolsAtWork(): Promise<string[]> {
  return (await childProcesses()).map(({ command }) => command).filter((name) => name !== "redis-server");
}

async function statesOf(producer: Producer): Promise<Record<string, string>> {
  const states: Record<string, string> = {};
  for await (const { id, state, failedReason } of producer.jobs()) {
    states[id] = failedReason?.startsWith("CANCELLED: ") ? "cancelled" : state;
  }
  return states;
}

describe("a job that is cancelled", () => {
  it("at work ends with its processes, leaves nothing, and is not tried again", () =>
    dock.serving(async ({ producer, root }) => {
      writeSingleFileImage(root, "large", 20_000_000);
      const job = await producer.enqueue("checksum", { id: "large" });
      await atWork(producer, job);
      await vi.waitFor(async () => expect(await toolsAtWork()).toContain("xz"), { timeout: 30_000 });
      expect(await producer.cancel(job.id)).toBe(true);
      expect(await producer.job(job.id)).toMatchObject({
        ...{ state: "cancelled", attempts: 1 },
        failedReason: `CANCELLED: the job ${job.id} was cancelled`,
      });
      expect(await toolsAtWork()).toEqual([]);
      expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
      expect(readdirSync(join(root, "graph/large")).sort()).toEqual(["json", "layer", "layer.json"]);
      // Asked for again it is done: nothing stands in its way.
      shrinkLayer(root, "large");
      expect(await runJob(producer, "checksum", { id: "large", recipe: "xz-1" })).toMatchObject({
        cached: false,
      });
    }));

  it("while it waits fails at once, and the others keep their places", async () => {
    const graph = "waiting";
    const producer = openProducer({ redis: dock.redis, graph });
    try {
      const jobs = await producer.enqueueAll(
        ["a", "b", "c"].map((id) => ({ name: "checksum", data: { id }, jobId: `job-${id}` })),
      );
      expect(await producer.cancel("job-b")).toBe(true);
      await expect(producer.wait(jobs[1] as (typeof jobs)[number])).rejects.toMatchObject({
        code: "CANCELLED",
      });
      expect(await statesOf(producer)).toEqual({
        "job-a": "waiting",
        "job-b": "cancelled",
        "job-c": "waiting",
      });
      const ended: string[] = [];
      const worker = await startWorker({
        ...{ redis: dock.redis, graph, root: join(dock.scratch, "waiting"), concurrency: { checksum: 1 } },
        log: (line) => ended.push(...(/ (job-.) failed/.exec(line)?.slice(1) ?? [])),
      });
      for (const job of jobs) await producer.wait(job).catch(() => undefined);
      await worker.close(0);
      expect(ended).toEqual(["job-a", "job-c"]);
    } finally {
      await producer.close();
    }
  });

  it("while it is delayed, or has a priority, fails at once", async () => {
    const graph = "delayed";
    const producer = openProducer({ redis: dock.redis, graph });
    const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
    const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix(graph) });
    try {
      await queue.add("checksum", { id: "a" }, { jobId: "job-delayed", delay: 3_600_000 });
      await queue.add("checksum", { id: "b" }, { jobId: "job-later", priority: 5 });
      for (const id of ["job-delayed", "job-later"]) expect(await producer.cancel(id)).toBe(true);
      expect(await statesOf(producer)).toEqual({ "job-delayed": "cancelled", "job-later": "cancelled" });
    } finally {
      await queue.close();
      redis.disconnect();
      await producer.close();
    }
  });

  it("while its queue is paused fails at once, whatever it waits for, and the queue stays paused", async () => {
    const graph = "paused";
    const producer = openProducer({ redis: dock.redis, graph });
    const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
    const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix(graph) });
    try {
      await queue.add("checksum", { id: "a" }, { jobId: "job-a" });
      await queue.pause();
      await queue.add("checksum", { id: "b" }, { jobId: "job-b" });
      await queue.add("checksum", { id: "c" }, { jobId: "job-delayed", delay: 3_600_000 });
      await queue.add("checksum", { id: "d" }, { jobId: "job-later", priority: 5 });
      const before = performance.now();
      for (const id of ["job-b", "job-delayed", "job-later"]) expect(await producer.cancel(id)).toBe(true);
      // It took ten seconds each.
      expect(performance.now() - before).toBeLessThan(5_000);
      expect(await statesOf(producer)).toEqual({
        "job-a": "waiting",
        ...{ "job-b": "cancelled", "job-delayed": "cancelled", "job-later": "cancelled" },
      });
      expect(await queue.isPaused()).toBe(true);
    } finally {
      await queue.close();
      redis.disconnect();
      await producer.close();
    }
  });

  it("and is a batch takes its children with it, those at work and those that wait", () =>
    dock.serving(
      async ({ producer, root, graphName }) => {
        for (let number = 0; number < 8; number++) writeSingleFileImage(root, `image-${number}`, 10_000_000);
        const job = await producer.enqueue("checksum-graph", {});
        await atWork(producer, job);
        expect(await producer.cancel(job.id)).toBe(true);
        const states = await statesOf(producer);
        expect(states[job.id]).toBe("cancelled");
        expect([...new Set(Object.values(states))]).toEqual(["cancelled"]);
        expect(await toolsAtWork()).toEqual([]);
        expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
        const redis = new Redis(dock.redis);
        // Its plan goes in a minute.
        expect(await redis.pttl(batchKey(graphName, job.id))).toBeLessThanOrEqual(60_000);
        redis.disconnect();
      },
      { concurrency: { checksum: 2 } },
    ));

  it("and is a child of a batch leaves the batch to its end, which says so and names it", () =>
    dock.serving(
      async ({ producer, root }) => {
        for (const id of ["large", "other"]) writeSingleFileImage(root, id, 8_000_000);
        const job = await producer.enqueue("checksum-graph", { recipe: "xz-1" });
        await until("a child is at work", async () => (await producer.children(job.id))?.active === 1);
        const child = (await collect(producer.jobs({ state: "prioritized" })))[0];
        const image = child?.id.slice(job.id.length + 1) ?? "";
        expect(await producer.cancel(child?.id ?? "")).toBe(true);
        expect(await producer.children(job.id)).toMatchObject({ waiting: 0, failed: 0, cancelled: 1 });
        const result = await producer.wait(job);
        expect(result).toMatchObject({ total: 2, computed: 1, cached: 0, failed: [], cancelled: [image] });
      },
      { concurrency: { checksum: 1 } },
    ));

  it("leaves the job of another queue alone that has its number", () =>
    dock.serving(async ({ producer, root, graphName }) => {
      writeSingleFileImage(root, "large", 20_000_000);
      const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
      const queues = ["checksum", "store"].map(
        (name) => new Queue(name, { connection: redis, prefix: keyPrefix(graphName) }),
      );
      try {
        const [checksums, stores] = queues;
        await stores?.pause();
        await stores?.add("delete", { id: "x" });
        await checksums?.add("checksum", { id: "large" });
        const job = { id: "1", queue: "checksum" } as const;
        await until("it is at work", async () => (await producer.job("1", job))?.progress !== null);
        expect(await producer.cancel("1", { queue: "store" })).toBe(true);
        shrinkLayer(root, "large");
        expect(await producer.wait(job)).toMatchObject({ id: "large" });
      } finally {
        await Promise.all(queues.map((queue) => queue.close()));
        redis.disconnect();
      }
    }));

  it("can be tried anew, and so can one that gets its id", () =>
    dock.serving(async ({ producer, root, graphName }) => {
      writeSingleFileImage(root, "large", 20_000_000);
      const job = await producer.enqueue("checksum", { id: "large" }, { jobId: "nightly" });
      await atWork(producer, job);
      await producer.cancel(job.id);
      shrinkLayer(root, "large");
      const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
      const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix(graphName) });
      try {
        expect(await redis.zcard(`${keyPrefix(graphName)}:cancelled`)).toBe(0);
        await (await queue.getJob("nightly"))?.updateData({ id: "large", recipe: "xz-1" });
        await (await queue.getJob("nightly"))?.retry("failed");
        expect(await producer.wait(job)).toMatchObject({ cached: false });
      } finally {
        await queue.close();
        redis.disconnect();
      }
    }));

  it("is no more than once: one that has ended cannot be, one that was is", () =>
    dock.serving(async ({ producer }) => {
      const job = await producer.enqueue("store", { image: { id: "a" }, layer: { path: dock.archive } });
      await producer.wait(job);
      await expect(producer.cancel(job.id)).rejects.toMatchObject({
        code: "INVALID_JOB",
        message: `the job ${job.id} cannot be cancelled: it has completed already`,
      });
      const failing = await producer.enqueue("checksum", { id: "nobody" });
      await producer.wait(failing).catch(() => undefined);
      await expect(producer.cancel(failing.id)).rejects.toMatchObject({ code: "INVALID_JOB" });
      await expect(producer.cancel("no-such-job")).rejects.toMatchObject({
        code: "INVALID_JOB",
        message: 'there is no job "no-such-job"',
      });
    }));
});
