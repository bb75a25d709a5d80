// A producer on a graph of its own that nobody serves, beside a plain queue of BullMQ's that tells what Redis holds.
import { randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { type AnyQueueName, formatFailedReason, keyPrefix } from "../../../src/jobs/index.js";
import { openProducer, type Producer } from "../../../src/producer/index.js";
import type { ErrorCode } from "../../../src/terms/index.js";

export interface GraphQueue {
  readonly graph: string;
  readonly producer: Producer;
  readonly queue: Queue;
  readonly redis: Redis;
  /** Fails waiting jobs for good, as a worker's script leaves them. */
  fail(ids: readonly string[], code?: ErrorCode, finishedOn?: number): Promise<void>;
}

/** Hands them over for as long as `use` takes. @param url of a Redis */
export async function withGraphQueue(
  url: string,
  use: (graphQueue: GraphQueue) => Promise<void>,
  name: AnyQueueName = "checksum",
): Promise<void> {
  const graph = `g-${randomUUID()}`;
  const producer = openProducer({ redis: url, graph });
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection: redis, prefix: keyPrefix(graph) });
  const fail: GraphQueue["fail"] = async (ids, code = "IMAGE_NOT_FOUND", finishedOn = Date.now()) => {
    const all = redis.pipeline();
    for (const id of ids) {
      const failedReason = formatFailedReason(code, `the job ${id} failed`);
      all.lrem(queue.toKey("wait"), -1, id).zrem(queue.toKey("prioritized"), id);
      all.zadd(queue.toKey("failed"), finishedOn, id);
      all.hset(queue.toKey(id), { failedReason, finishedOn, processedOn: finishedOn, atm: 3, ats: 3 });
      const same = (await queue.getJob(id))?.deduplicationId;
      if (same !== undefined) all.del(queue.toKey(`de:${same}`));
    }
    await all.exec();
  };
  try {
    await use({ graph, producer, queue, redis, fail });
  } finally {
    await producer.close();
    await queue.close();
    redis.disconnect();
  }
}
