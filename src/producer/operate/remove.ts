// Removes the records of jobs that wait or have ended.
import type { Queue } from "bullmq";
import { type AnyQueueName, batchKey } from "../../jobs/index.js";
import { fulfilCancellations, releaseScheduledBatch } from "../cancel.js";
import { gone, type OperateAccess, type Refusal, refused } from "./refusal.js";

/** BullMQ's answer for the next run of a schedule (its `ErrorCode.JobBelongsToJobScheduler`). */
const nextRun = -8 as const;

/**
 * Removes jobs of a queue, a batch with its children. Whoever waits for one is told `JOB_NOT_FOUND`. Refuses a job that is
 * at work, or whose child is, and the next run of a schedule.
 */
export async function removeJobs(
  access: OperateAccess,
  name: AnyQueueName,
  ids: readonly string[],
): Promise<Refusal[]> {
  const { redis, graphName, queues } = access;
  const queue = queues.of(name);
  const asked = redis.pipeline();
  for (const id of ids) asked.hget(queue.toKey(id), "parentKey");
  const parents = ((await asked.exec()) ?? []).map(([, parent]) => parent);
  const removed: string[] = [];
  const refusals: Refusal[] = [];
  await Promise.all(
    ids.map(async (id) => {
      const state = await queue.getJobState(id);
      if (state === "unknown") refusals.push(gone(name, id));
      // One that has lost its worker has no lock, and BullMQ would remove it.
      else if (state === "active") {
        refusals.push(refused(name, id, "removed", "it is active: cancel it first"));
      } else {
        const code = await removeByBullMq(queue, id);
        if (code === 1) removed.push(id);
        else refusals.push(refused(name, id, "removed", whyNot(code, id)));
      }
    }),
  );
  await fulfilCancellations(redis, graphName, removed);
  // Another job that gets its id is not to go by its plan.
  if (removed.length > 0) await redis.del(removed.map((id) => batchKey(graphName, id)));
  await releaseParents(access, name, parents);
  return refusals;
}

/** BullMQ returns some of its codes, and throws others. */
async function removeByBullMq(queue: Queue, id: string): Promise<number> {
  try {
    return await queue.remove(id);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === nextRun) return code;
    throw error;
  }
}

function whyNot(code: number, id: string): string {
  if (code !== nextRun) return "it is at work, or a child of it is: cancel it first";
  const schedule = id.slice(id.indexOf(":") + 1, id.lastIndexOf(":"));
  return `it is the next run of the schedule ${schedule}, which can be removed`;
}

/** The runs of schedules whose last children were removed would wait for ever: see `releaseScheduledBatch`. */
async function releaseParents(
  { redis, graphName, queues }: OperateAccess,
  name: AnyQueueName,
  parents: readonly unknown[],
): Promise<void> {
  const queue = queues.of(name);
  const prefix = queue.toKey("");
  for (const parent of new Set(parents)) {
    if (typeof parent !== "string" || !parent.startsWith(prefix)) continue;
    const id = parent.slice(prefix.length);
    const job = id.includes(":") ? await queue.getJob(id) : undefined;
    if (job !== undefined) await releaseScheduledBatch(job, { queue, redis, graphName });
  }
}
