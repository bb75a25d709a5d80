// Tells in Redis every few seconds that this worker is there, and what it is at. Nothing depends on it: what cannot be
// written is left out.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Redis } from "ioredis";
import { diskOf } from "../disk/index.js";
import { type AnyQueueName, type WorkerStatus, workerStatusExpiry, workerStatusKeys } from "../jobs/index.js";
import type { CpuBudget } from "./cpu-budget.js";
import type { WorkerMetrics } from "./telemetry/index.js";

/** What is told of a worker. */
interface HeartbeatSource extends Pick<WorkerStatus, "id" | "host" | "graphId" | "version"> {
  readonly graphName: string;
  readonly root: string;
  readonly cpu: CpuBudget;
  /** How many jobs of each queue it takes at a time. */
  readonly concurrency: ReadonlyMap<AnyQueueName, number>;
  readonly metrics: WorkerMetrics;
  /** How often it is told, in ms. */
  readonly interval: number;
}

interface Heartbeat {
  /** Takes the status away. Resolves within two seconds, whatever Redis does; without it the status expires. */
  stop(isRedisThere: boolean): Promise<void>;
}

/** After how long the id of a worker that told nothing more is forgotten, in ms: hosts' clocks differ. */
const forgetAfter = 3_600_000;
/** How long the last word may take, in ms. */
const patience = 2_000;

/** Begins, on a connection that others use as well; once this resolves the first status is there. */
export async function startHeartbeat(redis: Redis, heart: HeartbeatSource): Promise<Heartbeat> {
  const { ids, of } = workerStatusKeys(heart.graphName);
  const startedAt = Date.now();
  let isStopped = false;
  let beating: Promise<unknown> | undefined;
  const write = async () => {
    const text = JSON.stringify(await statusOf(heart, startedAt));
    const now = Date.now();
    if (isStopped || redis.status !== "ready") return;
    await redis
      .multi()
      .set(of(heart.id), text, "PX", workerStatusExpiry)
      .zadd(ids, now, heart.id)
      .zremrangebyscore(ids, "-inf", now - forgetAfter)
      .exec();
  };
  const beat = () => {
    // While Redis is away one waits to be written, not more.
    beating ??= write()
      .catch(() => undefined)
      .finally(() => {
        beating = undefined;
      });
  };
  beat();
  await beating;
  const timer = setInterval(beat, heart.interval);
  return {
    async stop(isRedisThere) {
      isStopped = true;
      clearInterval(timer);
      if (!isRedisThere) return;
      const gone = redis.multi().del(of(heart.id)).zrem(ids, heart.id).exec();
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
    // Where a bundler has taken this module out of its package.
    return "unknown";
  }
}

async function statusOf(heart: HeartbeatSource, startedAt: number): Promise<WorkerStatus> {
  const { id, host, graphId, version, cpu, concurrency, metrics, root } = heart;
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
