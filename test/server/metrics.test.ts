// The page that Prometheus reads, held against a strict reader of its format and against what the jobs came to.
import { mkdtempSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { Redis } from "ioredis";
import { describe, expect, it, vi } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { workerStatusKeys } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { metricsText } from "../../src/server/metrics.js";
import { startCompressor, startWorker } from "../../src/worker/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { type Family, parseExposition, valueOfSeries } from "../support/http/exposition.js";
import { openBlockQueue } from "../support/redis/block-queue.js";
import { tellOfCompressor } from "../support/redis/compressor-status.js";
import { startRedis } from "../support/redis/redis-server.js";

/** That of docs/checksums.md. */
const documentedTar =
  "tar --sort=name --format=posix --numeric-owner --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --xattrs-include=security.capability --xattrs-include='user.*'";

const dock = useDock();

async function scrape(producer: Producer, root: string): Promise<Map<string, Family>> {
  const graph = await openGraph(root);
  const { text, contentType } = await metricsText({ producer, graph });
  expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  return parseExposition(text);
}

/** Scrapes until the workers have told of the end of that many jobs: they do so now and then. */
async function scrapeAfter(jobs: number, producer: Producer, root: string): Promise<Map<string, Family>> {
  return vi.waitFor(
    async () => {
      const page = await scrape(producer, root);
      const ended = page.get("stevedore_job_duration_seconds")?.samples ?? [];
      const counts = ended.filter(({ name }) => name.endsWith("_count")).map(({ value }) => value);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(jobs);
      return page;
    },
    { timeout: 60_000, interval: 250 },
  );
}

/** A worker that tells its status more often than it would: every half second. */
const quickStatus = { timing: { statusInterval: 500 } };

/** A compressor for a graph that tells its status soon. */
async function startServing(graph: string): Promise<AsyncDisposable & { readonly id: string }> {
  const timing = { statusInterval: 50 };
  const settings = { redis: dock.redis, graphs: [graph], threads: 2, host: "helper", timing };
  const compressor = await startCompressor(settings);
  return { id: compressor.id, [Symbol.asyncDispose]: () => compressor.close() };
}

describe("the metrics page", () => {
  it("is one that promtool finds no fault in, also with compressors", () =>
    dock.serving(async ({ producer, root, graphName }) => {
      await using compressor = await startServing(graphName);
      await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
      await scrapeAfter(1, producer, root);
      const graph = await openGraph(root);
      const { text } = await metricsText({ producer, graph });
      expect(text).toContain(`compressor="${compressor.id}"`);
      const checked = await execa("promtool", ["check", "metrics"], {
        input: text,
        reject: false,
        all: true,
      });
      expect([checked.exitCode, checked.all]).toEqual([0, ""]);
    }, quickStatus));

  it("tells what jobs came to, and how much they read and made", () =>
    dock.serving(async ({ producer, root }) => {
      await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
      const { archiveBytes } = await runJob(producer, "checksum", { id: "a" });
      await runJob(producer, "checksum", { id: "a" });
      await runJob(producer, "verify", { id: "a" });
      await expect(runJob(producer, "delete", { id: "nobody" })).rejects.toThrow("nobody");
      const page = await scrapeAfter(5, producer, root);

      const ended = (kind: string, outcome: string) =>
        valueOfSeries(page, "stevedore_job_duration_seconds_count", { kind, outcome });
      expect(ended("store", "completed")).toBe(1);
      expect(ended("checksum", "completed")).toBe(2);
      expect(ended("verify", "completed")).toBe(1);
      expect(ended("delete", "failed")).toBe(1);
      expect(valueOfSeries(page, "stevedore_job_retries_total", { kind: "store" })).toBe(0);
      expect(valueOfSeries(page, "stevedore_jobs_active", { queue: "checksum" })).toBe(0);

      expect(valueOfSeries(page, "stevedore_source_read_bytes_total", { source: "path" })).toBe(
        statSync(dock.archive).size,
      );
      expect(valueOfSeries(page, "stevedore_layer_stored_bytes_total")).toBe(11);
      expect(valueOfSeries(page, "stevedore_archive_bytes_total", { recipe: "xz-6" })).toBe(archiveBytes);
      const tarBytes = Number(shell(`${documentedTar} -C ${root}/graph/a/layer -cf - . | wc -c`));
      for (const kind of ["checksum", "verify"]) {
        expect(valueOfSeries(page, "stevedore_layer_hashed_bytes_total", { kind })).toBe(tarBytes);
      }

      expect(valueOfSeries(page, "bullmq_jobs", { queue: "checksum", state: "completed" })).toBe(3);
      expect(valueOfSeries(page, "bullmq_job_completed_total", { queue: "store" })).toBe(1);
      expect(valueOfSeries(page, "bullmq_job_failed_total", { queue: "store" })).toBe(1);
      expect(valueOfSeries(page, "stevedore_images")).toBe(1);
      expect(valueOfSeries(page, "stevedore_disk_size_bytes")).toBe(
        Number(shell(`df --block-size=1 --output=size ${root} | tail -1`)),
      );
      expect(page.get("process_resident_memory_bytes")?.type).toBe("gauge");
    }, quickStatus));

  it("has the series of each worker for as long as that serves, and each metric's HELP and TYPE once", () =>
    dock.serving(
      async ({ producer, root, graphName }) => {
        const options = { redis: dock.redis, graph: graphName, root, threads: 3 };
        const second = await startWorker({ ...options, host: "second" });
        const [one, other] = await producer.workerStatuses();
        expect([one?.host, other?.host]).toEqual(["first", "second"]);
        const both = await scrape(producer, root);
        expect(valueOfSeries(both, "stevedore_workers")).toBe(2);
        expect(valueOfSeries(both, "stevedore_cpu_threads", { host: "second" })).toBe(3);
        expect(
          new Set(both.get("stevedore_cpu_threads_busy")?.samples.map(({ labels }) => labels.worker)),
        ).toEqual(new Set([one?.id, other?.id]));
        expect(both.get("bullmq_jobs")?.samples.map(({ labels }) => labels.queue)).toContain("mount@second");

        await second.close(0);
        const alone = await scrape(producer, root);
        expect(valueOfSeries(alone, "stevedore_workers")).toBe(1);
        expect(alone.get("stevedore_cpu_threads")?.samples.map(({ labels }) => labels.host)).toEqual([
          "first",
        ]);
      },
      { host: "first" },
    ));

  it("tells of compressors, and of the blocks that are left to them", () =>
    dock.serving(async ({ producer, root, graphName }) => {
      const blocks = await openBlockQueue(dock.redis, graphName);
      try {
        await using compressor = await startServing(graphName);
        const { length } = (await blocks.run(await blocks.put(Buffer.alloc(70_000, "text ")))) as {
          readonly length: number;
        };
        await blocks.queue.pause();
        await blocks.queue.add("compress", {});
        await vi.waitFor(async () => {
          const page = await scrape(producer, root);
          const of = (name: string, labels: Record<string, string> = {}) =>
            valueOfSeries(page, name, { compressor: compressor.id, host: "helper", ...labels });
          expect(of("stevedore_compressor_blocks_total", { outcome: "completed" })).toBe(1);
          expect(of("stevedore_compressor_blocks_total", { outcome: "failed" })).toBe(0);
          expect(of("stevedore_compressor_read_bytes_total")).toBe(70_000);
          expect(of("stevedore_compressor_written_bytes_total")).toBe(length);
          expect(of("stevedore_compressor_slots")).toBe(2);
          expect(of("stevedore_compressor_slots_busy")).toBe(0);
          expect(of("process_resident_memory_bytes")).toBeGreaterThan(0);
          expect(valueOfSeries(page, "stevedore_compressors")).toBe(1);
          expect(valueOfSeries(page, "stevedore_workers")).toBe(1);
          expect(valueOfSeries(page, "stevedore_compressors_refused_total")).toBe(0);
          expect(valueOfSeries(page, "stevedore_compress_queue_blocks", { state: "waiting" })).toBe(1);
          expect(valueOfSeries(page, "stevedore_compress_queue_blocks", { state: "active" })).toBe(0);
        });
      } finally {
        await blocks[Symbol.asyncDispose]();
      }
      expect(valueOfSeries(await scrape(producer, root), "stevedore_compressors")).toBe(0);
    }));

  it("takes nothing else from a compressor than a compressor's, and no series twice", () =>
    dock.serving(async ({ producer, root, graphName }) => {
      const redis = new Redis(dock.redis);
      const [own] = await producer.workerStatuses();
      const twice = [1, 2].map((value) => ({ value, labels: { worker: own?.id ?? "", odd: "x" } }));
      const metrics = ["stevedore_cpu_threads", "stevedore_images", "odd", "stevedore_compressor_odd"].map(
        (name) => ({ ...{ name, help: "odd", type: "gauge" as const }, values: twice }),
      );
      await tellOfCompressor(redis, graphName, "forged", { metrics });
      redis.disconnect();
      const page = await scrape(producer, root);
      expect(page.get("stevedore_cpu_threads")?.samples).toHaveLength(1);
      expect(valueOfSeries(page, "stevedore_images")).toBe(0);
      expect(page.has("odd")).toBe(false);
      expect(page.get("stevedore_compressor_odd")?.samples.map(({ value }) => value)).toEqual([1]);
    }));

  it("stays a valid page whatever lies in Redis as a worker's status", () =>
    dock.serving(async ({ producer, root, graphName }) => {
      const [own] = await producer.workerStatuses();
      const metric = (name: string, more: object = {}) => ({
        ...{
          name,
          help: "no \\ good\nhelp",
          type: "gauge",
          values: [{ value: null, labels: { a: '"\\\n' } }],
        },
        ...more,
      });
      const forged = [
        {
          ...own,
          id: "forged",
          metrics: [
            metric("stevedore_images"),
            metric("odd"),
            metric("stevedore_cpu_threads", { type: "counter" }),
          ],
        },
        { ...own, id: "no-name", metrics: [metric("no name")] },
        "text",
        { id: "half" },
      ];
      const redis = new Redis(dock.redis);
      const keys = workerStatusKeys(graphName);
      for (const [at, status] of forged.entries()) {
        await redis.set(keys.of(`forged-${at}`), JSON.stringify(status), "PX", 20_000);
        await redis.zadd(keys.ids, Date.now(), `forged-${at}`);
      }
      await redis.zadd(keys.ids, Date.now(), "expired");
      redis.disconnect();
      const page = await scrape(producer, root);
      expect(valueOfSeries(page, "stevedore_workers")).toBe(2);
      expect(valueOfSeries(page, "stevedore_images")).toBe(0);
      expect(valueOfSeries(page, "odd", { worker: "forged" })).toBeNaN();
      expect(page.get("odd")?.samples[0]?.labels.a).toBe('"\\\n');
      expect(page.get("stevedore_cpu_threads")?.samples).toHaveLength(1);
    }));

  it("fails with QUEUE_UNAVAILABLE while Redis is away", async () => {
    await using redis = await startRedis();
    const root = mkdtempSync(join(dock.scratch, "root-"));
    const graph = await openGraph(root, { create: true });
    const producer = openProducer({ redis: redis.url });
    try {
      await redis.kill();
      await expect(metricsText({ producer, graph })).rejects.toMatchObject({ code: "QUEUE_UNAVAILABLE" });
    } finally {
      await producer.close();
      await graph.close();
    }
  });
});
