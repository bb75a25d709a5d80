// How many workers serve a queue, told by the connections on which they wait for jobs.
import type { Queue } from "bullmq";
import { Cluster } from "ioredis";
import type { RedisClient } from "./redis-client.js";

/**
 * Counts the workers of a queue. In a cluster each waits at the master of the queue's slot, and may have a connection
 * to others as well: the master that knows most of them is that one.
 */
export async function countWorkers(queue: Queue, prefix: string, redis: RedisClient): Promise<number> {
  if (!(redis instanceof Cluster)) return queue.getWorkersCount();
  // The other masters alone would answer that there are none.
  await redis.exists(`${prefix}:${queue.name}:meta`);
  // BullMQ's name for the connection.
  const name = `name=${prefix}:${Buffer.from(queue.name).toString("base64")}`;
  const lists = await Promise.allSettled(
    redis.nodes("master").map(async (node) => String(await node.client("LIST"))),
  );
  const counts = lists.map((list) => {
    if (list.status === "rejected") return 0;
    return list.value.split("\n").filter((line) => line.split(" ").includes(name)).length;
  });
  return Math.max(0, ...counts);
}
