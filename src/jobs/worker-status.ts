// What a worker tells of itself every few seconds: where it lies in Redis, and the schema of its content.
import { z } from "zod";
import { keyPrefix } from "./queue.js";

/**
 * Where the statuses of a graph's workers lie: a sorted set of their ids by the time of the last one, in ms by
 * Redis's clock, and a key for each, JSON that expires.
 */
export function workerStatusKeys(graphName: string): { readonly ids: string; of(id: string): string } {
  const prefix = keyPrefix(graphName);
  return { ids: `${prefix}:workers`, of: (id) => `${prefix}:worker:${id}` };
}

/** How often a worker tells, and after how long it is taken for gone, in ms. */
export const workerStatusInterval = 5_000;
export const workerStatusExpiry = 20_000;

/** A metric's values, as prom-client's `getMetricsAsJSON` gives them. JSON has null for what is no number. */
export const metric = z.object({
  name: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/),
  help: z.string(),
  type: z.enum(["counter", "gauge", "histogram", "summary"]),
  values: z.array(
    z.object({
      value: z.number().nullable(),
      /** Where it is not the metric's: `…_bucket`, `…_sum`, `…_count`. */
      metricName: z
        .string()
        .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
        .optional(),
      labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.union([z.string(), z.number()])),
    }),
  ),
});

/** Times are in ms since the epoch, sizes in bytes. */
export const workerStatus = z.object({
  /** Of this run of the worker, and of no other. */
  id: z.string(),
  /** What its host is called. */
  host: z.string(),
  /** The UUID of the root that it serves. */
  graphId: z.string(),
  pid: z.int(),
  /** Of Stevedore. */
  version: z.string(),
  startedAt: z.number(),
  /** When this was written, by the worker's clock. */
  at: z.number(),
  /** The CPU threads that compressors share, and those that are taken. */
  threads: z.object({ total: z.int(), busy: z.int() }),
  /** The queues it serves by name: how many jobs of each it takes at a time, and how many it is at. */
  queues: z.record(z.string(), z.object({ concurrency: z.int(), active: z.int() })),
  /** The file system of the root; null if it could not be asked. */
  disk: z.object({ bytesFree: z.number(), bytesTotal: z.number() }).nullable(),
  /** True while it ends: it finishes what it is at, and takes no more jobs up. Those of before do not tell. */
  draining: z.boolean().optional(),
  metrics: z.array(metric),
});
export type WorkerStatus = z.infer<typeof workerStatus>;
export type WorkerMetric = WorkerStatus["metrics"][number];

/** The sum of a metric's values that have these labels, 0 without any; what is no number is left out. */
export function sumOfMetric(
  metrics: readonly WorkerMetric[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const values = metrics.filter((each) => each.name === name).flatMap((each) => each.values);
  const meant = values.filter((each) =>
    Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  );
  const sum = meant.reduce((all, { value }) => all + Math.max(0, value ?? 0), 0);
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}

/** Reads a status as it lies in Redis; undefined for anything else: whoever can write to Redis wrote it. */
export function parseWorkerStatus(text: string): WorkerStatus | undefined {
  try {
    return workerStatus.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
