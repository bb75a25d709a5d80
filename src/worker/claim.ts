// Claims a graph's name in Redis for one root: two hosts must not answer for each other's images.
import type { Redis } from "ioredis";
import { graphIdKey } from "../jobs/index.js";
import { StevedoreError } from "../terms/index.js";

/**
 * Registers the root's graph-id under the graph's name, or finds it registered.
 * @throws `QUEUE_UNAVAILABLE` if another root holds the name.
 */
export async function claimGraphName(redis: Redis, name: string, graphId: string): Promise<void> {
  const key = graphIdKey(name);
  await redis.set(key, graphId, "NX");
  const holder = await redis.get(key);
  if (holder === graphId) return;
  throw new StevedoreError(
    "QUEUE_UNAVAILABLE",
    `the graph name "${name}" belongs to another root in this Redis (graph-id ${holder}, this root has ${graphId}): ` +
      `serve this one under another --graph name, or, if that root is gone for good, delete the key ${key}`,
  );
}
