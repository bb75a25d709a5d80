// A run of a schedule that comes due: noted as the last, and left out while another job does the same.
import type { Job } from "bullmq";
import type { Redis } from "ioredis";
import { lastRunsKey } from "../jobs/index.js";
import { StevedoreError } from "../terms/index.js";

/**
 * Makes a run of a schedule the one that whoever enqueues the same joins, by BullMQ's own key for that, which BullMQ
 * removes when the job ends. Nothing to do for other jobs, and again for a run that is taken up once more.
 * @throws `CANCELLED` if a job that has not ended does the same: two would read every layer twice, and runs that take
 * longer than their interval would pile up
 */
export async function beginScheduledRun(job: Job, redis: Redis, graphName: string): Promise<void> {
  const { id = "", repeatJobKey: scheduleId, queueQualifiedName } = job;
  if (scheduleId === undefined) return;
  await redis.hset(lastRunsKey(graphName), scheduleId, id);
  const same = job.opts.deduplication?.id;
  if (same === undefined) return;
  const key = `${queueQualifiedName}:de:${same}`;
  if ((await redis.set(key, id, "NX")) !== null) return;
  const other = await redis.get(key);
  if (other === id) return;
  if (other === null || (await redis.exists(`${queueQualifiedName}:${other}`)) === 0) {
    // It has just ended, or left its key behind in an outage.
    await redis.set(key, id);
    return;
  }
  throw new StevedoreError(
    "CANCELLED",
    `this run of the schedule ${scheduleId} is left out: the job ${other} does the same and has not ended`,
  );
}
