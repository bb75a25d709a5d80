// What a compressor tells of itself, written by the test: there need be no compressor.
import type { Redis } from "ioredis";
import { type CompressorStatus, compressorKeys } from "../../../src/jobs/index.js";

/** Writes a status as a compressor does. */
export async function tellOfCompressor(
  redis: Redis,
  graph: string,
  id: string,
  more: Partial<CompressorStatus> = {},
): Promise<CompressorStatus> {
  const keys = compressorKeys(graph);
  const metric = (name: string, value: number, labels = {}) => ({
    ...{ name: `stevedore_compressor_${name}`, help: "what it is", type: "counter" as const },
    values: [{ value, labels }],
  });
  const status: CompressorStatus = {
    ...{ id, host: "helper", pid: 7, version: "0.1.0", startedAt: 1_000, at: Date.now() },
    engine: { name: "xz", version: "5.4.1" },
    slots: { total: 4, busy: 3 },
    metrics: [
      metric("blocks_total", 12, { outcome: "completed" }),
      metric("read_bytes_total", 96 * 1024 ** 2),
      metric("written_bytes_total", 32 * 1024 ** 2),
    ],
    ...more,
  };
  await redis.set(keys.of(id), JSON.stringify(status), "PX", 600_000);
  await redis.zadd(keys.ids, Date.now(), id);
  return status;
}
