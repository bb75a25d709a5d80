// What a worker tells of itself every few seconds.
import type { Redis } from "ioredis";
import { diskOf } from "../../disk/index.js";
import { type AnyQueueName, type WorkerStatus, workerStatusKeys } from "../../jobs/index.js";
import type { CpuBudget } from "../cpu-budget.js";
import type { WorkerMetrics } from "../telemetry/index.js";
import { type Heartbeat, startBeat } from "./beat.js";

/** Where the status of a worker comes from. */
interface HeartbeatSource extends Pick<WorkerStatus, "id" | "host" | "graphId" | "version"> {
  readonly graphName: string;
  readonly root: string;
  readonly cpu: CpuBudget;
  /** How many jobs of each queue it takes at a time. */
  readonly concurrency: ReadonlyMap<AnyQueueName, number>;
  readonly metrics: WorkerMetrics;
  /** True once it takes no more jobs up. */
  readonly isDraining: () => boolean;
  /** Measures how far this host's clock is ahead of Redis's, in ms. */
  readonly clockSkew: () => Promise<number | undefined>;
  /** How often it is told, in ms. */
  readonly interval: number;
}

/** Begins, on a connection that is shared with others. Once this resolves the first status is written. */
export function startHeartbeat(redis: Redis, source: HeartbeatSource): Promise<Heartbeat> {
  const startedAt = Date.now();
  const status = async () => {
    const skew = await source.clockSkew().catch(() => undefined);
    if (skew !== undefined) source.metrics.clockSkew(skew);
    return await statusOf(source, startedAt);
  };
  return startBeat(redis, workerStatusKeys(source.graphName), source.id, source.interval, status);
}

async function statusOf(source: HeartbeatSource, startedAt: number): Promise<WorkerStatus> {
  const { id, host, graphId, version, cpu, concurrency, metrics, root } = source;
  const queues = [...concurrency].map(
    ([queue, count]) => [queue, { concurrency: count, active: metrics.active(queue) }] as const,
  );
  return {
    id,
    host,
    graphId,
    version,
    pid: process.pid,
    startedAt,
    at: Date.now(),
    threads: { total: cpu.threads, busy: cpu.busy() },
    queues: Object.fromEntries(queues),
    disk: await diskOf(root),
    draining: source.isDraining(),
    metrics: (await metrics.read()) as unknown as WorkerStatus["metrics"],
  };
}
