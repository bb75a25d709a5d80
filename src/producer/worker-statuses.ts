// Reads the statuses that the workers of a graph write of themselves.
import type { Redis } from "ioredis";
import { parseWorkerStatus, type WorkerStatus, workerStatusKeys } from "../jobs/index.js";

/** The statuses that have not expired, sorted by id; one that cannot be read is left out. */
export async function readWorkerStatuses(redis: Redis, graphName: string): Promise<WorkerStatus[]> {
  const keys = workerStatusKeys(graphName);
  const ids = (await redis.zrange(keys.ids, "0", "-1")).sort();
  if (ids.length === 0) return [];
  const texts = await redis.mget(ids.map(keys.of));
  return texts.flatMap((text) => {
    const status = text === null ? undefined : parseWorkerStatus(text);
    return status === undefined ? [] : [status];
  });
}
