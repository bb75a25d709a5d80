// The schemas of job records and of their paths.
import { z } from "zod";
import { jobNames, longestJobId, noJob, notifyEvents, queueNames } from "../../../jobs/index.js";
import { jobStates } from "../../../producer/index.js";
import { quote } from "../../../terms/index.js";
import { HttpError } from "../../problem.js";

const callback = z
  .object({
    url: z.string().meta({ description: "Without its query" }),
    events: z.array(z.enum(notifyEvents)),
    state: z
      .enum(["pending", "delivered", "failed", "skipped"])
      .meta({ description: "`skipped`: the job has ended otherwise than `events` asks for" }),
    attempts: z.int().nonnegative(),
    lastError: z.string().nullable().meta({ description: "`CODE: message`" }),
    deliveredAt: z.number().nullable(),
  })
  .meta({ id: "Callback" });

/** A job's record. Times are in ms since the epoch; null stands for what is not there yet. */
export const jobRecord = z
  .object({
    id: z.string(),
    queue: z.string().meta({ description: `${queueNames.join(", ")}, or store@HOST and mount@HOST` }),
    name: z.string().meta({ description: jobNames.join(", ") }),
    state: z
      .enum([...jobStates, "unknown"])
      .meta({ description: "`failed` is none that was cancelled; `unknown` is no state of a queue's" }),
    data: z.unknown(),
    progress: z.unknown(),
    result: z.unknown(),
    failedReason: z.string().nullable().meta({ description: "`CODE: message`" }),
    attempts: z.int().nonnegative(),
    createdAt: z.number(),
    dueAt: z.number().nullable().meta({
      description: "Of a delayed job: when it is due, as the next run of a schedule or its next try",
    }),
    startedAt: z.number().nullable().meta({ description: "When its last try began" }),
    finishedAt: z.number().nullable(),
    notify: z.array(callback).meta({ description: "Who is told of the end" }),
  })
  .meta({ id: "JobRecord" });

/** The parameters in the path of a job. */
export const jobParams = z.object({
  queue: z.string().max(100),
  id: z.string().max(longestJobId, { error: ({ input }) => noJob(String(input)) }),
});

/** 404 for a job that is not there. */
export function jobNotFound({ queue, id }: { readonly queue: string; readonly id: string }): HttpError {
  return new HttpError(404, "NOT_FOUND", `the queue ${quote(queue)} has no job ${quote(id)}, or no longer`);
}

/** The path of a job. */
export function jobPath({ queue, id }: { readonly queue: string; readonly id: string }): string {
  return `/api/v1/jobs/${encodeURIComponent(queue)}/${encodeURIComponent(id)}`;
}
