// What a worker tells of itself in Redis, and that it depends on none of it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, it, vi } from "vitest";
import { workerStatusKeys } from "../../src/jobs/index.js";
import { openProducer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { useDock } from "../support/dock.js";
import { startRedis } from "../support/redis/redis-server.js";

const dock = useDock();

describe("a worker's status", () => {
  it("says which worker it is, what it serves, and how much room its root has", () =>
    dock.serving(
      async ({ producer, root }) => {
        const begun = Date.now();
        const [status] = await producer.workerStatuses();
        const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
        expect(status).toMatchObject({
          ...{ host: "dockside", pid: process.pid, version, threads: { total: 5, busy: 0 } },
          graphId: readFileSync(join(root, "graph-id"), "utf8").trim(),
          queues: {
            store: { concurrency: 7, active: 0 },
            checksum: { concurrency: 16, active: 0 },
            mount: { concurrency: 5, active: 0 },
            "store@dockside": { concurrency: 7, active: 0 },
            "mount@dockside": { concurrency: 5, active: 0 },
          },
        });
        expect(Math.abs((status?.startedAt ?? 0) - begun)).toBeLessThan(60_000);
        const [, size] = execFileSync("df", ["--block-size=1", "--output=size", root], {
          encoding: "utf8",
        }).split("\n");
        expect(status?.disk?.bytesTotal).toBe(Number(size));
        expect(status?.metrics.map(({ name }) => name)).toContain("stevedore_cpu_threads");
      },
      { host: "dockside", threads: 5, concurrency: { store: 7 } },
    ));

  it("is one of each worker, also of several in a process, and gone when its worker is closed", () =>
    dock.serving(async ({ producer, root, graphName }) => {
      const other = await startWorker({ redis: dock.redis, graph: graphName, root });
      const both = await producer.workerStatuses();
      expect(new Set(both.map(({ id }) => id)).size).toBe(2);
      expect(both[0]?.host).toBe(hostname());
      await other.close(0);
      expect(await producer.workerStatuses()).toHaveLength(1);
    }));

  it("expires when its worker says nothing more", async () => {
    await dock.serving(async ({ producer, graphName }) => {
      const [status] = await producer.workerStatuses();
      const redis = new Redis(dock.redis);
      const ttl = await redis.pttl(workerStatusKeys(graphName).of(status?.id ?? ""));
      redis.disconnect();
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(20_000);
    });
  });

  it("comes back with a Redis that was away and lost it", async () => {
    await using redis = await startRedis();
    const root = mkdtempSync(join(dock.scratch, "root-"));
    const worker = await startWorker({ redis: redis.url, root, timing: { statusInterval: 500 } });
    const producer = openProducer({ redis: redis.url });
    try {
      const [before] = await producer.workerStatuses();
      await redis.kill();
      await redis.wipe();
      await redis.start();
      const [after] = await vi.waitFor(
        async () => {
          const statuses = await producer.workerStatuses();
          expect(statuses).toHaveLength(1);
          return statuses;
        },
        { timeout: 30_000, interval: 100 },
      );
      expect(after?.id).toBe(before?.id);
      expect(after?.at).toBeGreaterThan(before?.at ?? 0);
    } finally {
      await producer.close();
      await worker.close(0);
    }
  });

  it("keeps no worker from closing while Redis is away", async () => {
    await using redis = await startRedis();
    const root = mkdtempSync(join(dock.scratch, "root-"));
    const worker = await startWorker({ redis: redis.url, root });
    await worker.ready;
    await redis.kill();
    await worker.close(0);
  });
});
