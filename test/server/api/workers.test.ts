// Who works for a graph, over HTTP.
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { compressorKeys, parseWorkerStatus, workerStatusKeys } from "../../../src/jobs/index.js";
import { useDock } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";
import { tellOfCompressor } from "../../support/redis/compressor-status.js";

const dock = useDock();

it("GET /api/v1/workers tells of workers and compressors, without their metrics, and the overview of these as well", () =>
  servingHttp(
    dock,
    async ({ ask, graphName }) => {
      const redis = new Redis(dock.redis);
      const { body: alone } = await ask("/api/v1/workers");
      expect(alone).toMatchObject({
        workers: [
          { host: "first", threads: { total: 3, busy: 0 }, queues: { "store@first": { active: 0 } } },
        ],
        ...{ compressors: [], blocks: { waiting: 0, active: 0 }, shutOut: 0 },
      });
      expect(Object.keys(alone.workers[0]).sort()).toEqual(
        [
          ...["at", "disk", "draining", "graphId", "host", "id", "pid"],
          ...["queues", "startedAt", "threads", "version"],
        ].sort(),
      );

      const { metrics: _, ...status } = await tellOfCompressor(redis, graphName, "helper.7.ab");
      await redis.set(compressorKeys(graphName).refusal("helper.7.ab"), "it made other bytes");
      // The worker has shut it out, and another before.
      const worker = workerStatusKeys(graphName).of(alone.workers[0].id);
      const told = parseWorkerStatus((await redis.get(worker)) ?? "");
      const refused = told?.metrics.find(({ name }) => name === "stevedore_compressors_refused_total");
      if (refused?.values[0] === undefined)
        throw new Error("the worker does not count those that it shuts out");
      refused.values[0].value = 2;
      await redis.set(worker, JSON.stringify(told), "PX", 20_000);
      redis.disconnect();
      const compression = {
        compressors: [
          {
            ...{ ...status, refusal: "it made other bytes" },
            made: { blocks: 12, bytesIn: 96 * 1024 ** 2, bytesOut: 32 * 1024 ** 2 },
          },
        ],
        ...{ blocks: { waiting: 0, active: 0 }, shutOut: 2 },
      };
      const { workers, ...rest } = (await ask("/api/v1/workers")).body;
      expect(workers).toHaveLength(1);
      expect(rest).toEqual(compression);
      expect((await ask("/api/v1/overview")).body).toMatchObject(compression);
    },
    { worker: { host: "first", threads: 3, timing: { statusInterval: 600_000 } } },
  ));
