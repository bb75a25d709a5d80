import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { openProducer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { startRedis } from "../support/redis/redis-server.js";

const dock = useDock();

describe("a worker", () => {
  it("refuses a graph name that another root holds", () =>
    dock.serving(async ({ graphName }) => {
      const other = mkdtempSync(join(dock.scratch, "root-"));
      await expect(startWorker({ redis: dock.redis, graph: graphName, root: other })).rejects.toMatchObject({
        code: "QUEUE_UNAVAILABLE",
        message: expect.stringContaining(graphName),
      });
    }));

  it("ends when Redis was emptied and another root has its graph's name, and claims it again when none has", async () => {
    await using redis = await startRedis();
    const options = { redis: redis.url, graph: "emptied", root: mkdtempSync(join(dock.scratch, "root-")) };
    const worker = await startWorker(options);
    const key = "{stevedore:emptied}:graph-id";
    const own = await redis.command("GET", key);
    const comeBack = async () => {
      await redis.command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES");
    };
    await redis.command("FLUSHALL");
    await comeBack();
    await vi.waitFor(async () => expect(await redis.command("GET", key)).toBe(own), { timeout: 20_000 });
    expect(worker.superseded.aborted).toBe(false);

    // Before the other root comes: the worker may not have read the name yet that it has just set.
    const superseded = once(worker.superseded, "abort");
    await redis.command("SET", key, "another-root");
    await comeBack();
    await superseded;
    expect(worker.superseded.reason).toMatchObject({ code: "QUEUE_UNAVAILABLE" });
    await worker.close(0);
    expect(await redis.command("GET", key)).toBe("another-root");
  });

  it("puts running jobs back when it is closed, and the next one does them", async () => {
    const root = mkdtempSync(join(dock.scratch, "root-"));
    const options = { redis: dock.redis, graph: `g-${randomUUID()}`, root, allowedSources: [dock.scratch] };
    const producer = openProducer({ redis: options.redis, graph: options.graph });
    try {
      const first = await startWorker(options);
      const large = join(dock.scratch, "large.tar");
      shell(`cd ${dock.scratch}; head -c 9M /dev/urandom > random; tar -cf ${large} random`);
      await runJob(producer, "store", { image: { id: "large" }, layer: { path: large } });
      const job = await producer.enqueue("checksum", { id: "large" });
      for await (const { progress } of producer.follow(job)) if (progress !== undefined) break;
      await first.close(0);
      expect((await producer.job(job.id))?.state).toBe("waiting");
      await expect((await openGraph(root)).storedChecksum("large", "xz-6")).resolves.toBeUndefined();
      // What the next one does need not take long.
      truncateSync(join(root, "graph/large/layer/random"), 1_000);
      const second = await startWorker(options);
      expect(await producer.wait(job)).toMatchObject({ id: "large", cached: false });
      await second.close(0);
    } finally {
      await producer.close();
    }
  });

  it("outlives its Redis, before it is there and when it goes away", async () => {
    await using redis = await startRedis();
    await redis.kill();
    const root = mkdtempSync(join(dock.scratch, "root-"));
    const starting = startWorker({ redis: redis.url, root, allowedSources: [dock.scratch] });
    await redis.start();
    const worker = await starting;
    const producer = openProducer({ redis: redis.url });
    try {
      await runJob(producer, "store", { image: { id: "before" }, layer: { path: dock.archive } });
      await redis.kill();
      await redis.start();
      await runJob(producer, "store", { image: { id: "after" }, layer: { path: dock.archive } });
    } finally {
      await producer.close();
      await worker.close(0);
    }
  });

  it("does not checksum with an xz that gives other bytes", async () => {
    const bin = mkdtempSync(join(dock.scratch, "bin-"));
    writeFileSync(
      join(bin, "xz"),
      '#!/bin/sh\ncase "$*" in *--version*) exec /usr/bin/xz "$@";; esac\nexec /usr/bin/xz "$@" --lzma2=preset=6,nice=60\n',
      { mode: 0o755 },
    );
    const path = process.env.PATH;
    process.env.PATH = `${bin}:${path}`;
    try {
      await dock.serving(
        async ({ worker }) => {
          await expect(worker.ready).rejects.toMatchObject({
            code: "INTERNAL",
            message: expect.stringMatching(/xz/),
          });
        },
        { provesEngineLate: false },
      );
      // Asked by the first job that needs it, it refuses as well.
      await dock.serving(async ({ producer, worker }) => {
        await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
        await producer.enqueue("checksum", { id: "a" });
        await expect(worker.ready).rejects.toMatchObject({ code: "INTERNAL" });
      });
    } finally {
      process.env.PATH = path;
    }
  });

  it("finds an image that an earlier try of the same job had committed", async () => {
    const root = mkdtempSync(join(dock.scratch, "root-"));
    const graphName = `g-${randomUUID()}`;
    const producer = openProducer({ redis: dock.redis, graph: graphName });
    try {
      // As a worker that died between the rename and the record leaves it.
      const graph = await openGraph(root, { create: true });
      await graph.register({ record: Buffer.from('{"id":"done"}'), jobId: "job-1" }, async () => ({}));
      await graph.close();
      const job = await producer.enqueue(
        "store",
        { image: { id: "done" }, layer: { path: dock.archive } },
        { jobId: "job-1" },
      );
      const worker = await startWorker({ redis: dock.redis, graph: graphName, root });
      expect(await producer.wait(job)).toMatchObject({ id: "done", stored: true });
      await worker.close(0);
    } finally {
      await producer.close();
    }
  });
});
