// Finds the jobs of a queue by how their ids begin.
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { childPrefix } from "../../jobs/index.js";
import { keptStates } from "../job-records.js";

/** How many ids are read at a time. */
const chunk = 10_000;

/** The ids of a queue's jobs that begin like this. Those of a batch's children begin with the batch's id: they are left out. */
export async function findIds(redis: Redis, queue: Queue, start: string): Promise<string[]> {
  const found = new Set<string>();
  for (const kept of keptStates) {
    const isList = kept === "waiting" || kept === "active";
    const key = queue.toKey(kept === "waiting" ? "wait" : kept);
    for (let from = 0; ; from += chunk) {
      const ids = isList
        ? await redis.lrange(key, from, from + chunk - 1)
        : await redis.zrange(key, String(from), String(from + chunk - 1));
      for (const id of ids) if (id.startsWith(start)) found.add(id);
      if (ids.length < chunk) break;
    }
  }
  const batches = new Set([...found].map(childPrefix));
  const dots = (id: string) => [...id.matchAll(/\./g)].map(({ index }) => index + 1);
  return [...found].filter((id) => !dots(id).some((end) => batches.has(id.slice(0, end))));
}
