// Counts the jobs of queues that were cancelled: BullMQ keeps them among those that failed, and has no count of them.
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { scanJobs } from "./scan-jobs.js";

/** Counts those of a queue. What was counted holds until the jobs that failed are others, and for a minute at most. */
export type CountCancelled = (queue: Queue) => Promise<number>;

interface Count {
  /** What the set of failed jobs looked like. */
  readonly mark: string;
  readonly until: number;
  readonly cancelled: Promise<number>;
}

/** How long a count is remembered, in ms: a record may be changed by hand. */
const longest = 60_000;
/** How many are counted by one command. */
const chunk = 2_000;

export function openCancelledCounts(redis: Redis): CountCancelled {
  const known = new Map<string, Count>();
  return async (queue) => {
    const mark = await readMark(redis, queue);
    if (mark === undefined) return 0;
    const last = known.get(queue.name);
    if (last?.mark === mark && performance.now() < last.until) return last.cancelled;
    const cancelled = count(redis, queue);
    known.set(queue.name, { mark, until: performance.now() + longest, cancelled });
    const forget = () => known.get(queue.name)?.cancelled === cancelled && known.delete(queue.name);
    cancelled.then(
      // One that ended meanwhile may have been counted, or not.
      async () => (await readMark(redis, queue).catch(() => undefined)) !== mark && forget(),
      forget,
    );
    return cancelled;
  };
}

/** The size of the set of failed jobs and its newest one; undefined for an empty set. */
async function readMark(redis: Redis, queue: Queue): Promise<string | undefined> {
  const key = queue.toKey("failed");
  const [size, newest] = await Promise.all([redis.zcard(key), redis.zrevrange(key, 0, 0, "WITHSCORES")]);
  return size === 0 ? undefined : [size, ...newest].join(" ");
}

async function count(redis: Redis, queue: Queue): Promise<number> {
  let cancelled = 0;
  for await (const found of scanJobs(redis, queue, "failed", { state: "cancelled" }, chunk, undefined)) {
    cancelled += found.length;
  }
  return cancelled;
}
