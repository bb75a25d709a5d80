// Who works for the graph: its workers, and the compressors that help them.
import { z } from "zod";
import { sumOfMetric, type WorkerStatus } from "../../jobs/index.js";
import type { Compressors } from "../../producer/index.js";
import type { App, ServerContext } from "../context.js";
import { problemsOf } from "./problems-of.js";

const time = (description: string) =>
  z.number().meta({ description: `${description}, in ms since the epoch` });
const count = z.number().nonnegative();

const anyProcess = {
  id: z.string().meta({ description: "Of this run of the process" }),
  host: z.string(),
  pid: z.int(),
  version: z.string().meta({ description: "Of Stevedore" }),
  startedAt: time("When it started"),
  at: time("When it last told of itself, by its own clock"),
};

const worker = z
  .object({
    ...anyProcess,
    graphId: z.string().meta({ description: "Of the root that it serves" }),
    threads: z
      .object({ total: z.int(), busy: z.int() })
      .meta({ description: "Threads that compress, and those of them that are taken" }),
    queues: z
      .record(z.string(), z.object({ concurrency: z.int(), active: z.int() }))
      .meta({ description: "By queue how many jobs it takes at a time, and how many it is at" }),
    disk: z
      .object({ bytesFree: z.number(), bytesTotal: z.number() })
      .nullable()
      .meta({ description: "The root's file system" }),
    draining: z.boolean().meta({ description: "It ends: it takes no more jobs up" }),
  })
  .meta({ id: "Worker" });

const compressor = z
  .object({
    ...anyProcess,
    engine: z
      .object({ name: z.enum(["xz", "lzma-native"]), version: z.string() })
      .meta({ description: "What compresses, and the version of its liblzma" }),
    slots: z
      .object({ total: z.int(), busy: z.int() })
      .meta({ description: "Blocks that it compresses at a time, for all its graphs, and that it is at" }),
    made: z
      .object({ blocks: count, bytesIn: count, bytesOut: count })
      .meta({ description: "Blocks that it has compressed since it started, and their bytes" }),
    refusal: z
      .string()
      .nullable()
      .meta({ description: "Why a worker has shut it out; null for one that is trusted" }),
  })
  .meta({ id: "Compressor" });

/** Who helps the workers to compress, as several answers have it. */
export const compression = {
  compressors: z.array(compressor).meta({ description: "Those that have told of themselves lately" }),
  blocks: z
    .object({ waiting: z.int().nonnegative(), active: z.int().nonnegative() })
    .meta({ description: "Blocks that are left to compressors: that wait for one, and that one is at" }),
  shutOut: count.meta({ description: "Compressors that the workers have shut out since they started" }),
};

/** What these schemas describe. */
export function describeCompression(
  { compressors, blocks }: Compressors,
  workers: readonly WorkerStatus[],
): z.infer<z.ZodObject<typeof compression>> {
  return {
    compressors: compressors.map(({ metrics: _, ...shown }) => shown),
    blocks,
    shutOut: workers.reduce(
      (sum, { metrics }) => sum + sumOfMetric(metrics, "stevedore_compressors_refused_total"),
      0,
    ),
  };
}

/** `/api/v1/workers`. */
export function addWorkerRoutes(app: App, { producer }: ServerContext): void {
  app.get(
    "/api/v1/workers",
    {
      schema: {
        tags: ["workers"],
        operationId: "listWorkers",
        summary: "The workers of the graph and the compressors that help them, each as it told of itself",
        response: {
          200: z.object({
            workers: z.array(worker).meta({ description: "Those that have told of themselves lately" }),
            ...compression,
          }),
          ...problemsOf(),
        },
      },
    },
    async () => {
      const [workers, compressors] = await Promise.all([producer.workerStatuses(), producer.compressors()]);
      return {
        workers: workers.map(({ metrics: _, draining = false, ...shown }) => ({ ...shown, draining })),
        ...describeCompression(compressors, workers),
      };
    },
  );
}
