// Waits for the end of all jobs of a trial, by Redis itself.
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Redis } from "ioredis";
import { countUnfinished, noteEnds } from "./auditor/queue-audit.js";
import type { Ledger } from "./ledger.js";

/**
 * How long the queues may take, in ms: a job whose worker was killed waits up to 25 s for another one, and may lose
 * several.
 */
const patience = 240_000;
const interval = 50;

/** Waits until nothing is left in the queues, or for four minutes; the ledger then knows how the jobs have ended. */
export async function drain(
  redis: Redis | Cluster,
  graph: string,
  ledger: Ledger,
  queues: readonly string[],
): Promise<void> {
  for (let left = patience; left > 0; left -= interval, await sleep(interval)) {
    const left = await countUnfinished(redis, graph, queues).catch(() => 1);
    if (left > 0) continue;
    await noteEnds(redis, graph, ledger);
    if (ledger.jobs.every(({ id, isForgotten }) => isForgotten || ledger.ends.has(id))) return;
  }
  await noteEnds(redis, graph, ledger);
}
