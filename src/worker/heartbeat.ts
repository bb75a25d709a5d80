// Writes this worker's status to Redis every few seconds. Nothing depends on it: a status that cannot be written is left
// out.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Redis } from "ioredis";
import { diskOf } from "../disk/index.js";
import { type AnyQueueName, type WorkerStatus, workerStatusExpiry, workerStatusKeys } from "../jobs/index.js";
import type { CpuBudget } from "./cpu-budget.js";
import type { WorkerMetrics } from "./telemetry/index.js";

/** Where the status of a worker comes from. */
interface HeartbeatSource extends Pick<WorkerStatus, "id" | "host" | "graphId" | "version"> {
  readonly graphName: string;
  readonly root: string;
  readonly cpu: CpuBudget;
  /** How many jobs of each queue it takes at a time. */
  readonly concurrency: ReadonlyMap<AnyQueueName, number>;
  readonly metrics: WorkerMetrics;
  /** Measures how far this host's clock is ahead of Redis's, in ms. */
  readonly clockSkew: () => Promise<number | undefined>;
  /** How often it is told, in ms. */
  readonly interval: number;
}

interface Heartbeat {
  /** Removes the status. Resolves within two seconds, whatever Redis does: what is left expires. */
  stop(isRedisThere: boolean): Promise<void>;
}

/** After how long the id of a silent worker is removed, in ms. Long, because hosts' clocks differ. */
const forgetAfter = 3_600_000;
/** How long the removal of the status may take, in ms. */
const patience = 2_000;

/** Begins, on a connection that is shared with others. Once this resolves the first status is written. */
export async function startHeartbeat(redis: Redis, source: HeartbeatSource): Promise<Heartbeat> {
  const { ids, of } = workerStatusKeys(source.graphName);
  const startedAt = Date.now();
  let isStopped = false;
  let beating: Promise<unknown> | undefined;
  const write = async () => {
    const skew = redis.status === "ready" ? await source.clockSkew().catch(() => undefined) : undefined;
    if (skew !== undefined) source.metrics.clockSkew(skew);
    const text = JSON.stringify(await statusOf(source, startedAt));
    const now = Date.now();
    if (isStopped || redis.status !== "ready") return;
    await redis
      .multi()
      .set(of(source.id), text, "PX", workerStatusExpiry)
      .zadd(ids, now, source.id)
      .zremrangebyscore(ids, "-inf", now - forgetAfter)
      .exec();
  };
  const beat = () => {
    // While Redis is away no more than one status waits to be written.
    beating ??= write()
      .catch(() => undefined)
      .finally(() => {
        beating = undefined;
      });
  };
  beat();
  await beating;
  const timer = setInterval(beat, source.interval);
  return {
    async stop(isRedisThere) {
      isStopped = true;
      clearInterval(timer);
      if (!isRedisThere) return;
      const gone = redis.multi().del(of(source.id)).zrem(ids, source.id).exec();
      let late: NodeJS.Timeout | undefined;
      const tooLate = new Promise((resolve) => {
        late = setTimeout(resolve, patience);
      });
      await Promise.race([Promise.allSettled([gone, beating]), tooLate]);
      clearTimeout(late);
    },
  };
}

/** The version in the package's own package.json. */
export function packageVersion(): string {
  try {
    const path = createRequire(import.meta.url).resolve("stevedore-graph/package.json");
    return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  } catch {
    // A bundler has taken this module out of its package.
    return "unknown";
  }
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
    metrics: (await metrics.read()) as unknown as WorkerStatus["metrics"],
  };
}
