// The last hour of a graph: every ten seconds a sample, kept in a stream of Redis. There it outlives the servers, and
// however many of them sample, the first one's is kept: the id of each sample is its time.
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { z } from "zod";
import { diskOf } from "../../disk/index.js";
import { keyPrefix, sumOfMetric, type WorkerStatus } from "../../jobs/index.js";
import type { AllCounts } from "../../producer/index.js";
import type { FailFastConnection } from "../../redis/index.js";
import type { ServerContext } from "../context.js";
import { startJobTally } from "./job-tally.js";

/** The time that a sample stands for, and how far they go back, in ms. */
export const sampleInterval = 10_000;
const sampleSpan = 3_600_000;
/** How long after its time a sample is taken, in ms: the last events of that time have come by then. */
const delay = 500;
/** How many are kept at least. */
const kept = 400;

const count = z.number().nonnegative();

/** What has happened in ten seconds, and how it was at their end. */
const sample = z.object({
  /** When the ten seconds began, by Redis's clock, in ms since the epoch. */
  at: z.number(),
  /** How many jobs of each queue wait (for a worker, or for jobs that must go first), are at work, and so on. */
  queues: z.record(z.string(), z.object({ waiting: count, active: count, delayed: count, failed: count })),
  /** Jobs that ended well, that failed, and that were cancelled: those of before have counted them among the failed ones. */
  completed: count,
  failed: count,
  cancelled: count.default(0),
  /** Bytes of layers that were compressed; null if no server knew those of before. */
  compressedBytes: count.nullable(),
  /** Bytes that are free on the root's file system; null if it could not be asked. */
  diskFree: count.nullable(),
});
export type Sample = z.infer<typeof sample>;

/**
 * Samples until the signal aborts. What cannot be sampled, while Redis is away, is missing.
 * @param interval that of all servers of a graph, in ms
 */
export async function takeSamples(
  { producer, root, graphName, signal }: Pick<ServerContext, "producer" | "root" | "graphName" | "signal">,
  { redis, attempt }: FailFastConnection,
  interval = sampleInterval,
): Promise<void> {
  const tally = startJobTally(producer, interval, signal);
  let workers: Compressed | undefined;
  const take = async (now: number) => {
    const at = Math.floor(now / interval) * interval - interval;
    const [counts, statuses, disk] = await Promise.all([
      producer.counts(),
      producer.workerStatuses(),
      diskOf(root),
    ]);
    const before = workers;
    workers = compressedBy(statuses);
    await keep(redis, graphName, {
      at,
      queues: depthsOf(counts),
      ...tally.take(at),
      compressedBytes: before === undefined ? null : increase(before, workers),
      diskFree: disk?.bytesFree ?? null,
    });
  };
  for (;;) {
    let wait = interval;
    try {
      wait = untilNext(await attempt(() => timeOf(redis)), interval);
      await sleep(wait, undefined, { signal });
      await take(await attempt(() => timeOf(redis)));
    } catch {
      if (signal.aborted) return;
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** The samples of the last hour, oldest first; what is none is left out. */
export async function readSamples(redis: Redis, graphName: string): Promise<Sample[]> {
  const since = (await timeOf(redis)) - sampleSpan;
  const entries = await redis.xrange(samplesKey(graphName), since, "+");
  return entries.flatMap(([, [, text = ""]]) => {
    const parsed = sample.safeParse(parseJson(text));
    return parsed.success ? [parsed.data] : [];
  });
}

/** The key of the stream. */
function samplesKey(graphName: string): string {
  return `${keyPrefix(graphName)}:samples`;
}

async function keep(redis: Redis, graphName: string, taken: Sample): Promise<void> {
  const key = samplesKey(graphName);
  const id = `${taken.at}-0`;
  try {
    await redis.xadd(key, "MAXLEN", "~", kept, id, "sample", JSON.stringify(taken));
    await redis.pexpire(key, 2 * sampleSpan);
  } catch (error) {
    // Another server's has come before.
    if (!/equal or smaller/.test((error as Error).message)) throw error;
  }
}

/** Redis's clock, which all servers share, in ms since the epoch. */
async function timeOf(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function untilNext(now: number, interval: number): number {
  return interval - ((now - delay) % interval);
}

function depthsOf(counts: AllCounts): Sample["queues"] {
  return Object.fromEntries(
    Object.entries(counts).map(([queue, of]) => [
      queue,
      {
        waiting: of.waiting + of.prioritized,
        active: of.active + of["waiting-children"],
        delayed: of.delayed,
        failed: of.failed,
      },
    ]),
  );
}

/** The bytes that each worker has compressed since it started, by its id. */
type Compressed = ReadonlyMap<string, number>;

function compressedBy(statuses: readonly WorkerStatus[]): Compressed {
  return new Map(
    statuses.map(({ id, metrics }) => [
      id,
      sumOfMetric(metrics, "stevedore_layer_hashed_bytes_total", { kind: "checksum" }),
    ]),
  );
}

function increase(before: Compressed, after: Compressed): number {
  let sum = 0;
  for (const [id, bytes] of after) sum += Math.max(0, bytes - (before.get(id) ?? 0));
  return sum;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
