// Reads what the compressors of a graph tell of themselves, whether they are trusted, and how many blocks there are for them.
import type { Redis } from "ioredis";
import {
  type CompressorStatus,
  compressorKeys,
  compressQueue,
  keyPrefix,
  parseCompressorStatus,
  sumOfMetric,
} from "../jobs/index.js";

/** A compressor that has told of itself within 20 s. */
export interface Compressor extends CompressorStatus {
  /** Blocks that it has compressed since it started, for any graph: their bytes, and those that they became. */
  readonly made: { readonly blocks: number; readonly bytesIn: number; readonly bytesOut: number };
  /** Why a worker of this graph has shut it out; null for one that is trusted. */
  readonly refusal: string | null;
}

/** Who helps the workers of a graph to compress. */
export interface Compressors {
  /** By their ids. */
  readonly compressors: readonly Compressor[];
  /** The blocks that workers have left to them: those that wait, and those that they are at. */
  readonly blocks: { readonly waiting: number; readonly active: number };
}

/** A status that cannot be read, or is none of its id, is left out. */
export async function readCompressors(redis: Redis, graphName: string): Promise<Compressors> {
  const keys = compressorKeys(graphName);
  const [ids, blocks] = await Promise.all([redis.zrange(keys.ids, "0", "-1"), countBlocks(redis, graphName)]);
  if (ids.length === 0) return { compressors: [], blocks };
  ids.sort();
  const texts = await redis.mget([...ids.map(keys.of), ...ids.map(keys.refusal)]);
  const compressors = ids.flatMap((id, at) => {
    const status = parseCompressorStatus(texts[at] ?? "");
    if (status?.id !== id) return [];
    const { metrics } = status;
    const made = {
      blocks: sumOfMetric(metrics, "stevedore_compressor_blocks_total", { outcome: "completed" }),
      bytesIn: sumOfMetric(metrics, "stevedore_compressor_read_bytes_total"),
      bytesOut: sumOfMetric(metrics, "stevedore_compressor_written_bytes_total"),
    };
    return [{ ...status, made, refusal: texts[ids.length + at] ?? null }];
  });
  return { compressors, blocks };
}

/** Asks Redis alone: a queue of BullMQ would write keys of its own for a graph that nobody compresses for. */
async function countBlocks(redis: Redis, graphName: string): Promise<Compressors["blocks"]> {
  const key = (list: string) => `${keyPrefix(graphName)}:${compressQueue}:${list}`;
  const counted = await redis
    .pipeline()
    .llen(key("wait"))
    .llen(key("paused"))
    .zcard(key("prioritized"))
    .llen(key("active"))
    .exec();
  const [wait = 0, paused = 0, prioritized = 0, active = 0] = (counted ?? []).map(([error, count]) => {
    if (error !== null) throw error;
    return Number(count);
  });
  return { waiting: wait + paused + prioritized, active };
}
