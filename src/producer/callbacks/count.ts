// Counts what is still to be told, and what could not be.
import type { Redis } from "ioredis";
import { callbacksKey, keyPrefix, notifyQueue } from "../../jobs/index.js";

export interface NotificationCounts {
  /** Callbacks of jobs that have not ended. */
  readonly unended: number;
  /** Notifications that wait for a worker, or for their next try, or are under way. */
  readonly waiting: number;
  /** Notifications that could not be delivered, of those whose records are kept. */
  readonly failed: number;
}

/** Counts them in one round trip. Not in a transaction, which a full Redis refuses. */
export async function countNotifications(redis: Redis, graphName: string): Promise<NotificationCounts> {
  const key = (name: string) => `${keyPrefix(graphName)}:${notifyQueue}:${name}`;
  const answers = await redis
    .pipeline()
    .hlen(callbacksKey(graphName))
    .llen(key("wait"))
    .llen(key("active"))
    .zcard(key("delayed"))
    .zcard(key("failed"))
    .exec();
  const [unended = 0, wait = 0, active = 0, delayed = 0, failed = 0] = (answers ?? []).map(
    ([error, count]) => {
      if (error !== null) throw error;
      return Number(count);
    },
  );
  return { unended, waiting: wait + active + delayed, failed };
}
