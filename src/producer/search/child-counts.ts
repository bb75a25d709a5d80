// Counts the children of a batch.
import type { Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { childPrefix, reasonPrefix } from "../../jobs/index.js";

/** How many children of a batch wait, are at work, and have ended in which way. */
export interface ChildCounts {
  readonly waiting: number;
  readonly active: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

/**
 * KEYS: the children that failed, with their reasons. ARGV: the cursor, what the reason of a cancelled one begins with.
 * Returns the next cursor, and how many there are.
 */
const script = `
local page = redis.call("HSCAN", KEYS[1], ARGV[1], "COUNT", 1000)
local found = 0
for place = 2, #page[2], 2 do
  if string.sub(page[2][place], 1, #ARGV[2]) == ARGV[2] then found = found + 1 end
end
return { page[1], found }`;

export async function countChildren(redis: Redis, queue: Queue, job: Job): Promise<ChildCounts> {
  const [counts, atWork] = await Promise.all([
    job.getDependenciesCount({ processed: true, unprocessed: true, ignored: true }),
    redis.lrange(queue.toKey("active"), 0, -1),
  ]);
  const { processed = 0, unprocessed = 0, ignored = 0 } = counts;
  const active = atWork.filter((id) => id.startsWith(childPrefix(job.id ?? ""))).length;
  const cancelled = ignored === 0 ? 0 : await countCancelled(redis, queue.toKey(`${job.id}:failed`));
  return {
    waiting: Math.max(0, unprocessed - active),
    active,
    completed: processed,
    failed: Math.max(0, ignored - cancelled),
    cancelled,
  };
}

async function countCancelled(redis: Redis, key: string): Promise<number> {
  let cursor = "0";
  let cancelled = 0;
  do {
    const page = await redis.eval(script, 1, key, cursor, reasonPrefix("CANCELLED"));
    const [next, found] = page as [string, number];
    cursor = next;
    cancelled += found;
  } while (cursor !== "0");
  return cancelled;
}
