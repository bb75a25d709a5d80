// The page that Prometheus reads: BullMQ's counts of every queue, the metrics of every worker, and the server's own.
import { Gauge, type Metric, Registry } from "prom-client";
import { z } from "zod";
import { diskOf } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { queueNames, type WorkerMetric } from "../jobs/index.js";
import type { Producer } from "../producer/index.js";
import { throwIfAborted } from "../terms/index.js";
import { problemsOf } from "./api/index.js";
import type { App, ServerContext } from "./context.js";

interface MetricsSources {
  readonly producer: Producer;
  readonly graph: Graph;
}

/** A page in Prometheus's text format. */
interface MetricsPage {
  readonly text: string;
  readonly contentType: string;
}

/** `/metrics`, for any role: Prometheus sends a token as `authorization: {credentials: …}` tells it to. */
export function addMetricsRoute(app: App, context: ServerContext): void {
  app.get(
    "/metrics",
    {
      schema: {
        tags: ["health"],
        operationId: "readMetrics",
        summary: "The metrics, as Prometheus reads them",
        response: {
          200: { description: "The page", content: { "text/plain": { schema: z.string() } } },
          ...problemsOf(),
        },
      },
    },
    async (_request, reply) => {
      const { text, contentType } = await metricsText(context, context.signal);
      return reply.type(contentType).serializer(String).send(text);
    },
  );
}

/**
 * Makes the page. The series of a worker or a compressor end with it, for each has its label `worker` or `compressor`.
 * @throws `QUEUE_UNAVAILABLE`, `CANCELLED`
 */
export async function metricsText(
  { producer, graph }: MetricsSources,
  signal?: AbortSignal,
): Promise<MetricsPage> {
  const [ofQueues, notifications, paused, workers, { compressors, blocks }, images, disk, isWritable] =
    await Promise.all([
      producer.prometheus(),
      producer.notifications(),
      producer.paused(),
      producer.workerStatuses(),
      producer.compressors(),
      graph.imageCount(),
      diskOf(graph.root),
      producer.assertWritable().then(
        () => true,
        () => false,
      ),
    ]);
  throwIfAborted(signal);
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name, help, registers: [registry] }).set(value);
  gauge("stevedore_workers", "Workers of the graph that have told of themselves lately", workers.length);
  gauge(
    "stevedore_compressors",
    "Compressors that serve the graph and have told of themselves lately",
    compressors.length,
  );
  const offered = new Gauge({
    name: "stevedore_compress_queue_blocks",
    help: "Blocks that workers have left to compressors: waiting for one, or active",
    labelNames: ["state"],
    registers: [registry],
  });
  for (const [state, value] of Object.entries(blocks)) offered.set({ state }, value);
  gauge("stevedore_redis_writable", "1 while Redis takes writes, 0 while it is full", isWritable ? 1 : 0);
  gauge("stevedore_images", "Images in the graph, broken ones included", images);
  gauge(
    "stevedore_notifications_waiting",
    "Notifications of callbacks that wait, for a worker or their next try, or are under way",
    notifications.waiting,
  );
  gauge(
    "stevedore_notifications_undelivered",
    "Notifications that were given up, of those whose records are kept",
    notifications.failed,
  );
  const pauses = new Gauge({
    name: "stevedore_queue_paused",
    help: "1 for a queue that is paused: workers take none of its jobs up",
    labelNames: ["queue"],
    registers: [registry],
  });
  for (const queue of new Set([...queueNames, ...paused]))
    pauses.set({ queue }, paused.includes(queue) ? 1 : 0);
  if (disk !== null) {
    gauge("stevedore_disk_free_bytes", "Bytes that are free on the root's file system", disk.bytesFree);
    gauge("stevedore_disk_size_bytes", "Bytes of the root's file system", disk.bytesTotal);
  }
  const sources = [
    ...workers.map(({ id, host, metrics }) => ({ labels: { worker: id, host }, metrics })),
    ...compressors.map(({ id, host, metrics }) => ({
      labels: { compressor: id, host },
      metrics: metrics.filter(({ name }) => ofCompressor.test(name)),
    })),
  ];
  for (const [name, metric] of metricsOf(sources)) {
    if (registry.getSingleMetric(name) === undefined) registry.registerMetric(metric);
  }
  return { text: `${ofQueues}${await registry.metrics()}`, contentType: registry.contentType };
}

/** What a compressor may tell: nobody takes it for a worker. */
const ofCompressor = /^(stevedore_compressor|process|nodejs)_/;

/** The metrics of one process, and what tells its series from those of others. */
interface MetricsSource {
  readonly labels: Readonly<Record<string, string>>;
  readonly metrics: readonly WorkerMetric[];
}

/**
 * Each metric once, with the values of all processes. Values are left out if their type is not that of the first process, and
 * if there is one of the same labels: Prometheus would refuse the page.
 */
function metricsOf(sources: readonly MetricsSource[]): [string, Metric][] {
  const byName = new Map<string, WorkerMetric>();
  const seen = new Set<string>();
  for (const { labels: own, metrics } of sources) {
    for (const { name, help, type, values } of metrics) {
      const known = byName.get(name) ?? { name, help, type, values: [] };
      byName.set(name, known);
      if (known.type !== type) continue;
      for (const { value, labels: told, metricName } of values) {
        const labels = { ...told, ...own };
        const series = JSON.stringify([metricName ?? name, ...Object.entries(labels).sort()]);
        if (seen.has(series)) continue;
        seen.add(series);
        known.values.push({
          // JSON has null for NaN and infinity.
          value: value ?? Number.NaN,
          labels,
          ...(metricName === undefined ? {} : { metricName }),
        });
      }
    }
  }
  // As prom-client's AggregatorRegistry does, which would add the values up, and leave out those that cannot be added.
  return [...byName].map(([name, metric]) => [
    name,
    { ...metric, get: async () => metric } as unknown as Metric,
  ]);
}
