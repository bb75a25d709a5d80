// Whether every job ended, by what stands in Redis itself.
import type { Cluster, Redis } from "ioredis";
import type { JobEnd, Ledger } from "../ledger.js";

/** The lists and sets in which BullMQ keeps jobs that have not ended (its documentation, "Architecture"). */
const unfinished = [
  ...([
    ["wait", "llen"],
    ["active", "llen"],
    ["paused", "llen"],
  ] as const),
  ...([
    ["delayed", "zcard"],
    ["prioritized", "zcard"],
    ["waiting-children", "zcard"],
  ] as const),
] as const;

/** How many jobs of a graph's queues have not ended. */
export async function countUnfinished(redis: Redis | Cluster, graph: string, queues: readonly string[]) {
  const counts = await Promise.all(
    queues.flatMap((queue) =>
      unfinished.map(([state, command]) => redis[command](keyOf(graph, queue, state))),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Notes in the ledger how its jobs have ended, as far as they have. */
export async function noteEnds(redis: Redis | Cluster, graph: string, { jobs, ends }: Ledger): Promise<void> {
  for (const { id, queue } of jobs) {
    if (ends.has(id)) continue;
    const end = await readEnd(redis, graph, queue, id);
    if (end !== undefined) ends.set(id, end);
  }
}

/** Finds jobs that were acknowledged and have not ended, and those that failed for no reason of the trial's. */
export async function auditQueue(redis: Redis | Cluster, graph: string, ledger: Ledger): Promise<string[]> {
  const findings: string[] = [];
  for (const { id, name, queue, image, mayFail, isForgotten = false } of ledger.jobs) {
    if (isForgotten) continue;
    const end = ledger.ends.get(id);
    const what = `the job ${id} (${name} ${image ?? ""})`;
    if (end === undefined) {
      const exists = (await redis.exists(keyOf(graph, queue, id))) === 1;
      findings.push(`${what} was acknowledged and ${exists ? "has not ended" : "is lost"}`);
    } else if (end.state === "failed") {
      const code = end.failedReason?.split(": ", 1)[0] ?? "";
      if (!mayFail.includes(code)) findings.push(`${what} failed: ${end.failedReason}`);
    }
  }
  const queues = [...new Set(ledger.jobs.map(({ queue }) => queue))];
  const left = await countUnfinished(redis, graph, queues);
  if (left > 0) findings.push(`${left} jobs have not ended in the queues ${queues.join(", ")}`);
  return findings;
}

async function readEnd(
  redis: Redis | Cluster,
  graph: string,
  queue: string,
  id: string,
): Promise<JobEnd | undefined> {
  const [completed, failed] = await Promise.all([
    redis.zscore(keyOf(graph, queue, "completed"), id),
    redis.zscore(keyOf(graph, queue, "failed"), id),
  ]);
  const { returnvalue, failedReason = "", ats = 0 } = await redis.hgetall(keyOf(graph, queue, id));
  const tries = Number(ats);
  if (completed !== null) return { state: "completed", tries, result: JSON.parse(returnvalue ?? "null") };
  if (failed !== null) return { state: "failed", tries, failedReason };
  return undefined;
}

function keyOf(graph: string, queue: string, name: string): string {
  return `{stevedore:${graph}}:${queue}:${name}`;
}
