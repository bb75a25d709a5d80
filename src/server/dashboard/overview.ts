// What the overview page shows at a glance: the last hour in samples, and how things stand now.
import { z } from "zod";
import { diskOf } from "../../disk/index.js";
import { queueNames } from "../../jobs/index.js";
import type { FailFastConnection } from "../../redis/index.js";
import { compression, describeCompression } from "../api/index.js";
import type { App, ServerContext } from "../context.js";
import { problem } from "../problem.js";
import { jobsNow, readJobsNow } from "./jobs-now.js";
import { readSamples, type Sample, sampleInterval } from "./samples.js";

const series = z.array(z.number().nonnegative());
const seriesWithGaps = z.array(z.number().nonnegative().nullable());

const samples = z
  .object({
    at: z.array(z.number()).describe("When each began, in ms since the epoch, oldest first"),
    queues: z
      .record(
        z.string(),
        z.object({
          waiting: seriesWithGaps,
          active: seriesWithGaps,
          delayed: seriesWithGaps,
          failed: seriesWithGaps,
        }),
      )
      .describe("By queue how many jobs were in each state; null where there was no such queue"),
    completed: series.describe("Jobs that ended well meanwhile"),
    failed: series.describe("Jobs that failed meanwhile"),
    cancelled: series.describe("Jobs that were cancelled meanwhile"),
    compressedBytes: seriesWithGaps.describe("Bytes of layers that were compressed meanwhile"),
    diskFree: seriesWithGaps.describe("Bytes that were free on the root's file system"),
  })
  .describe("Series of equal length");

const worker = z.object({
  id: z.string(),
  host: z.string(),
  version: z.string(),
  startedAt: z.number().describe("In ms since the epoch"),
  threads: z.object({ total: z.int(), busy: z.int() }),
  active: z.int().nonnegative().describe("Jobs that it is at"),
  draining: z.boolean().describe("It ends: it takes no more jobs up"),
  disk: z
    .object({ bytesFree: z.number(), bytesTotal: z.number() })
    .nullable()
    .describe("The file system of its root"),
});

const overview = z
  .object({
    interval: z.int().describe("The time that a sample stands for, in ms"),
    samples: samples.optional().describe("Left out with `samples=false`"),
    jobs: jobsNow,
    queues: z
      .record(z.string(), z.record(z.string(), z.int().nonnegative()))
      .describe("By queue and state how many jobs there are now"),
    paused: z.array(z.string()).describe("The queues that are paused"),
    workers: z.array(worker).describe("Those that have told of themselves lately"),
    ...compression,
    disk: z
      .object({ bytesFree: z.number(), bytesTotal: z.number() })
      .nullable()
      .describe("The root's file system"),
    images: z.int().nonnegative().describe("Images in the graph, broken ones included"),
  })
  .meta({ id: "Overview" });

export function addOverviewRoute(app: App, context: ServerContext, connection: FailFastConnection): void {
  const { producer, graph, root, graphName } = context;
  app.get(
    "/api/v1/overview",
    {
      schema: {
        ...{ tags: ["overview"], summary: "The last hour, and how things stand", operationId: "getOverview" },
        querystring: z.strictObject({
          samples: z.enum(["true", "false"]).default("true").describe("Whether the last hour is wanted, too"),
        }),
        response: { 200: overview, 400: problem, 401: problem, 503: problem },
      },
    },
    async ({ query }, reply) => {
      const [taken, jobs, queues, paused, statuses, compressors, images, disk] = await Promise.all([
        query.samples === "true" && connection.attempt(() => readSamples(connection.redis, graphName)),
        readJobsNow(producer),
        producer.counts(),
        producer.paused(),
        producer.workerStatuses(),
        producer.compressors(),
        graph.imageCount(),
        diskOf(root),
      ]);
      const workers = statuses.map(({ queues: served, draining = false, ...status }) => ({
        ...{ id: status.id, host: status.host, version: status.version, startedAt: status.startedAt },
        ...{ threads: status.threads, disk: status.disk, draining },
        active: Object.values(served).reduce((sum, { active }) => sum + active, 0),
      }));
      reply.header("cache-control", "no-store");
      return {
        ...{ interval: sampleInterval, queues, paused, workers, disk, images },
        ...(taken ? { samples: asSeries(taken) } : {}),
        jobs,
        ...describeCompression(compressors, statuses),
      };
    },
  );
}

/** Samples as series: less to send, and what charts are drawn from. */
function asSeries(taken: readonly Sample[]): z.infer<typeof samples> {
  const names = [...new Set<string>([...queueNames, ...taken.flatMap(({ queues }) => Object.keys(queues))])];
  const ofQueue = (name: string) => {
    const of = (state: keyof Sample["queues"][string]) =>
      taken.map(({ queues }) => queues[name]?.[state] ?? null);
    return { waiting: of("waiting"), active: of("active"), delayed: of("delayed"), failed: of("failed") };
  };
  return {
    at: taken.map(({ at }) => at),
    queues: Object.fromEntries(names.map((name) => [name, ofQueue(name)])),
    completed: taken.map(({ completed }) => completed),
    failed: taken.map(({ failed }) => failed),
    cancelled: taken.map(({ cancelled }) => cancelled),
    compressedBytes: taken.map(({ compressedBytes }) => compressedBytes),
    diskFree: taken.map(({ diskFree }) => diskFree),
  };
}
