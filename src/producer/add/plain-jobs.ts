// Adds plain jobs, those of which there is nothing to say besides their name and data, by one script for many of them.
import { randomUUID } from "node:crypto";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { CheckedJob } from "./checked-job.js";
import { plainScript } from "./plain-script.js";

/**
 * Adds plain jobs, or finds the jobs that they join.
 * @returns the id of each, and those of joined jobs that are less urgent than a plain one
 */
export async function addPlain(
  queue: Queue,
  redis: Redis,
  jobs: readonly CheckedJob[],
): Promise<{ readonly ids: string[]; readonly lessUrgent: string[] }> {
  const ids: string[] = [];
  const args: string[] = [String(Date.now())];
  for (const { name, json, same = "" } of jobs) {
    const own = randomUUID();
    args.push(name, json, same, own);
    ids.push(same || own);
  }
  const exceptions = (await redis.eval(plainScript, 1, queue.toKey(""), ...args)) as (number | string)[];
  const lessUrgent: string[] = [];
  for (let at = 0; at < exceptions.length; at += 3) {
    const id = String(exceptions[at + 1]);
    ids[Number(exceptions[at])] = id;
    if (exceptions[at + 2] === 1) lessUrgent.push(id);
  }
  return { ids, lessUrgent };
}
