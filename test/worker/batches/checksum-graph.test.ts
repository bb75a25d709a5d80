// The job `checksum-graph`: the checksums of a whole graph by children.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { batchKey, keyPrefix } from "../../../src/jobs/index.js";
import { runJob, useDock } from "../../support/dock.js";
import { writeSingleFileImage } from "../../support/images/single-file-image.js";

const dock = useDock();

function makeImages(root: string, sizes: Readonly<Record<string, number>>): void {
  for (const [id, bytes] of Object.entries(sizes)) writeSingleFileImage(root, id, Buffer.alloc(bytes, id));
}

it("computes what is missing, counts what is there, and lists what failed", () =>
  dock.serving(async ({ producer, root }) => {
    makeImages(root, { a: 10, b: 2_000, c: 300, broken: 1 });
    rmSync(join(root, "graph/broken/layer"), { recursive: true });
    await runJob(producer, "checksum", { id: "c" });
    const result = await runJob(producer, "checksum-graph", {});
    expect(result).toMatchObject({ total: 4, computed: 2, cached: 1, layerBytes: 2_310 });
    expect(result.failed).toMatchObject([{ id: "broken", code: "IMAGE_BROKEN" }]);
    expect(await runJob(producer, "checksum-graph", {})).toMatchObject({ total: 4, computed: 0, cached: 3 });
    expect(await runJob(producer, "checksum", { id: "b" })).toMatchObject({ cached: true });
  }));

it("leaves nothing in Redis but its record and those of its children, once a minute has passed", () =>
  dock.serving(async ({ producer, root, graphName }) => {
    makeImages(root, { a: 10, b: 20 });
    const job = await producer.enqueue("checksum-graph", {});
    await producer.wait(job);
    const redis = new Redis(dock.redis);
    try {
      const timeToLive = await redis.pttl(batchKey(graphName, job.id));
      expect(timeToLive).toBeGreaterThan(0);
      expect(timeToLive).toBeLessThanOrEqual(60_000);
    } finally {
      redis.disconnect();
    }
  }));

it("of an empty graph is a summary of zeros", () =>
  dock.serving(async ({ producer }) => {
    const result = await runJob(producer, "checksum-graph", {});
    expect(result).toMatchObject({ total: 0, computed: 0, cached: 0, failed: [], layerBytes: 0 });
  }));

it("does the rest where some of the ids name nothing", () =>
  dock.serving(async ({ producer, root }) => {
    makeImages(root, { aa: 10, bb: 20 });
    const result = await runJob(producer, "checksum-graph", { ids: ["a", "nobody", "../x", "bb"] });
    expect(result).toMatchObject({ total: 4, computed: 2 });
    expect(result.failed).toMatchObject([
      { id: "nobody", code: "IMAGE_NOT_FOUND" },
      { id: "../x", code: "INVALID_ID" },
    ]);
  }));

it("is joined by another of the whole graph, and takes the largest layers first", () =>
  dock.serving(
    async ({ producer, root }) => {
      const ids = Array.from({ length: 12 }, (_, at) => `image-${at}`);
      makeImages(root, Object.fromEntries(ids.map((id, at) => [id, (at + 1) * 10_000])));
      const job = await producer.enqueue("checksum-graph", {});
      const again = await producer.enqueue("checksum-graph", {});
      expect(again.id).toBe(job.id);
      const seen = [];
      for await (const { progress } of producer.follow(job)) if (progress !== undefined) seen.push(progress);
      expect(seen.at(-1)).toMatchObject({ unit: "images", total: 12, bytesTotal: 780_000 });
      const records = [];
      for await (const record of producer.jobs({ state: "completed" }))
        if (record.name === "checksum") records.push(record);
      const order = records.sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0)).map(({ id }) => id);
      expect(order[0]).toBe(`${job.id}.image-11`);
    },
    { concurrency: { checksum: 1 } },
  ));

it("hands its priority to its children; without one they come after single images", () =>
  dock.serving(async ({ producer, root, graphName }) => {
    makeImages(root, { a: 10 });
    const redis = new Redis(dock.redis);
    for (const [given, expected] of [
      [{}, "1"],
      [{ priority: 7 }, "7"],
    ] as const) {
      const job = await producer.enqueue("checksum-graph", { force: true }, given);
      await producer.wait(job);
      expect(await redis.hget(`${keyPrefix(graphName)}:checksum:${job.id}.a`, "priority")).toBe(expected);
    }
    redis.disconnect();
  }));
