// How the jobs stand at one moment: what is at work, which batches and schedules there are, and what has failed lately. The
// overview has all of it from one answer, so that its figures and lists agree.
import { z } from "zod";
import { type ErrorCode, errorCodes, parseFailedReason, parseProgress } from "../../jobs/index.js";
import type { JobRecord, Producer } from "../../producer/index.js";
import { jobRecord, schedule } from "../api/index.js";
import { batchNames, batchQueue, batchWaits, readBatches, readBatchWaits } from "./batch-waits.js";

/** How many jobs at work are told one by one, how many batches, and how many failures of each code. */
const mostAtWork = 5;
const mostBatches = 5;
const mostOfCode = 3;
/** How many jobs are looked at, for each list. */
const mostRead = 200;
/** How far back failures are told, in ms. */
const lately = 24 * 3_600_000;

const count = z.int().nonnegative();

/** What `readJobsNow` returns. */
export const jobsNow = z.object({
  at: z.number().describe("The moment, in ms since the epoch"),
  atWork: z.object({
    jobs: z
      .array(jobRecord)
      .describe("Batches first, then those that tell how far they are; five at most in all"),
    count: count.describe("How many there are"),
    waitForThread: count.describe(
      "Those of them that a worker has taken up, and that wait for a thread of it",
    ),
  }),
  batches: z
    .array(z.object({ job: jobRecord, waits: batchWaits }))
    .describe("The newest five that no schedule has begun"),
  failures: z.object({
    since: z.number().describe("From when on, in ms since the epoch"),
    count,
    isMore: z.boolean().describe("Whether there are more than were counted"),
    codes: z
      .array(
        z.object({ code: z.enum(errorCodes), count, newest: z.array(jobRecord).describe("Three at most") }),
      )
      .describe("The most frequent first"),
  }),
  schedules: z.array(schedule),
});
type JobsNow = z.infer<typeof jobsNow>;

/** Reads it. @throws `QUEUE_UNAVAILABLE` */
export async function readJobsNow(producer: Producer): Promise<JobsNow> {
  const at = Date.now();
  const since = at - lately;
  const [active, parents, failed, schedules, batches] = await Promise.all([
    producer.page({ state: "active", limit: mostRead }),
    producer.page({ state: "waiting-children", limit: mostRead }),
    producer.page({ state: "failed", since, limit: mostRead }),
    producer.schedules(),
    readBatches(producer),
  ]);
  const atWork = [...parents.jobs, ...active.jobs];
  const shown = batches.filter(({ id }) => !isOfSchedule(id)).slice(0, mostBatches);
  const waits = await Promise.all(shown.map((job) => readBatchWaits(job, producer, batches)));
  return {
    at,
    atWork: {
      jobs: atWork.sort((one, other) => rankOf(one) - rankOf(other)).slice(0, mostAtWork),
      count: atWork.length,
      waitForThread: active.jobs.filter(waitsForThread).length,
    },
    batches: shown.map((job, at) => ({ job, waits: waits[at] ?? null })),
    failures: {
      since,
      count: failed.jobs.length,
      isMore: failed.next !== undefined,
      codes: byCode(failed.jobs),
    },
    schedules,
  };
}

/** True for the run of a schedule, by its id. */
function isOfSchedule(id: string): boolean {
  return id.startsWith("repeat:");
}

/** Blocks of all layers share the threads: a layer of which nothing is done has none yet. */
function waitsForThread({ queue, name, progress }: JobRecord): boolean {
  const done = parseProgress(progress)?.done ?? 0;
  return queue === batchQueue && !batchNames.includes(name) && done === 0;
}

function rankOf(job: JobRecord): number {
  return batchNames.includes(job.name) ? 0 : waitsForThread(job) ? 2 : 1;
}

function byCode(failed: readonly JobRecord[]): JobsNow["failures"]["codes"] {
  const groups = new Map<ErrorCode, JobRecord[]>();
  for (const job of failed) {
    const { code } = parseFailedReason(job.failedReason ?? "");
    groups.set(code, [...(groups.get(code) ?? []), job]);
  }
  return [...groups]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([code, jobs]) => ({ code, count: jobs.length, newest: jobs.slice(0, mostOfCode) }));
}
