// Whether anything is left of blocks: in the root, and in Redis.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "ioredis";

/** The keys of a queue that stay when all of its jobs are gone (BullMQ's documentation, "Architecture"). */
const queueKeys = ["meta", "events", "id", "stalled-check", "marker"];
/** How long a block lies in Redis that nobody fetches, in ms (docs/compressors.md). */
const expiry = 600_000;

/** Finds what is left in `blocks/` once all checksums are stored. */
export function auditBlockFiles(root: string): string[] {
  const directory = join(root, "blocks");
  const left = existsSync(directory) ? readdirSync(directory) : [];
  return left.map((name) => `blocks/${name} was left`);
}

/**
 * Finds jobs of the queue of blocks that are left in Redis, and blocks.
 * @param abandoned keys of blocks that are known to be left until they expire
 * @param mayAbandon true if a worker was killed or hung, or Redis was away: then nobody takes back what was laid down, and
 * more may be abandoned
 */
export async function auditBlockKeys(
  redis: Redis,
  graph: string,
  abandoned: Set<string>,
  mayAbandon: boolean,
): Promise<string[]> {
  const findings: string[] = [];
  const queue = `{stevedore:${graph}}:compress:`;
  for (const key of await redis.keys(`${queue}*`)) {
    if (!queueKeys.includes(key.slice(queue.length))) findings.push(`the key ${key} was left`);
  }
  for (const key of await redis.keys(`{stevedore:${graph}:*`)) {
    const left = await redis.pttl(key);
    if (mayAbandon) abandoned.add(key);
    if (left === -1 || left > expiry) findings.push(`the block ${key} was left, and never expires`);
    // -2: it has just gone.
    else if (left >= 0 && !abandoned.has(key)) findings.push(`the block ${key} was left`);
  }
  return findings;
}
