// What a compressor tells of itself every few seconds: where it lies in Redis, and the schema of its content. It comes as
// often, and expires as soon, as a worker's.
import { z } from "zod";
import { keyPrefix } from "./queue.js";
import { metric } from "./worker-status.js";

/**
 * Where the statuses of a graph's compressors lie: a sorted set of their ids by the time of the last one, in ms by the
 * compressor's clock; a key for each, JSON that expires; and one for each that a worker has shut out, which says why.
 */
export function compressorKeys(graphName: string): {
  readonly ids: string;
  of(id: string): string;
  refusal(id: string): string;
} {
  const prefix = keyPrefix(graphName);
  return {
    ids: `${prefix}:compressors`,
    of: (id) => `${prefix}:compressor:${id}`,
    refusal: (id) => `${prefix}:compressor:${id}:refused`,
  };
}

/** How long it is kept that a compressor was shut out, in ms. */
export const refusalExpiry = 24 * 3_600_000;

/** Blocks that a compressor fetches beyond its slots, so that none of these waits for the next. */
export const blocksAhead = 1;

/** Times are in ms since the epoch. */
export const compressorStatus = z.object({
  /** Of this run of the compressor, and of no other. */
  id: z.string().min(1).max(200),
  /** What its host is called. */
  host: z.string(),
  pid: z.int(),
  /** Of Stevedore. */
  version: z.string(),
  /** What compresses, and the version of its liblzma. */
  engine: z.object({ name: z.enum(["xz", "lzma-native"]), version: z.string() }),
  startedAt: z.number(),
  /** When this was written, by the compressor's clock. */
  at: z.number(),
  /** How many blocks it compresses at a time, of all graphs that it serves, and how many it is at. */
  slots: z.object({ total: z.int().min(1).max(10_000), busy: z.int().nonnegative() }),
  metrics: z.array(metric),
});
export type CompressorStatus = z.infer<typeof compressorStatus>;

/** Reads a status as it lies in Redis; undefined for anything else: whoever can write to Redis wrote it. */
export function parseCompressorStatus(text: string): CompressorStatus | undefined {
  try {
    return compressorStatus.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
