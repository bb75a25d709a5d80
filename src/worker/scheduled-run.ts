// Begins a run of a schedule: records it as the last one, and skips it while another job does the same.
import type { Job } from "bullmq";
import type { Redis } from "ioredis";
import { lastRunsKey } from "../jobs/index.js";
import { findSame } from "../producer/index.js";
import { StevedoreError } from "../terms/index.js";

/**
 * Sets BullMQ's deduplication key for a run of a schedule, so that whoever enqueues the same job joins the run. BullMQ
 * removes the key when the job ends. Does nothing for other jobs, and may be repeated for a run that is retried.
 * @throws `CANCELLED` if an unfinished job does the same: two would read every layer twice, and runs that take longer than
 * their interval would pile up
 */
export async function beginScheduledRun(job: Job, redis: Redis, graphName: string): Promise<void> {
  const { id = "", repeatJobKey: scheduleId, queueQualifiedName } = job;
  if (scheduleId === undefined) return;
  await redis.hset(lastRunsKey(graphName), scheduleId, id);
  const same = job.opts.deduplication?.id;
  if (same === undefined) return;
  const [found] = await findSame(redis, `${queueQualifiedName}:`, [{ same }]);
  if (found?.id !== undefined && found.id !== id) throw leftOut(scheduleId, found.id);
  const key = `${queueQualifiedName}:de:${same}`;
  if ((await redis.set(key, id, "NX")) !== null) return;
  const other = await redis.get(key);
  if (other === id) return;
  if (other === null || (await redis.exists(`${queueQualifiedName}:${other}`)) === 0) {
    // That job has just ended, or its key was left behind in an outage.
    await redis.set(key, id);
    return;
  }
  throw leftOut(scheduleId, other);
}

function leftOut(scheduleId: string, other: string): StevedoreError {
  return new StevedoreError(
    "CANCELLED",
    `this run of the schedule ${scheduleId} is left out: the job ${other} does the same and has not ended`,
  );
}
