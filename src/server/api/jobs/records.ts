// Reads jobs: one, pages of many, counts; and cancels them.
import { z } from "zod";
import { type AnyQueueName, errorCodes, JobError, jobNames } from "../../../jobs/index.js";
import { type JobRecord, jobStates, type Producer } from "../../../producer/index.js";
import { momentRule, quote, readMoment } from "../../../terms/index.js";
import type { App, ServerContext } from "../../context.js";
import { HttpError } from "../../problem.js";
import { readCursor, writeCursor } from "../page-cursor.js";
import { problemsOf } from "../problems-of.js";
import { jobNotFound, jobParams, jobRecord } from "./shapes.js";

const listQuery = z.strictObject({
  state: z.enum(jobStates).optional(),
  queue: z.string().max(100).optional(),
  name: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: `Of the job: ${jobNames.join(", ")}, or another` }),
  image: z.string().min(1).max(1_000).optional().meta({
    description: "An image that the job's data or result names, by its id or a name, as it stands there",
  }),
  code: z.enum(errorCodes).optional().meta({ description: "The code that the job has failed with" }),
  since: z
    .string()
    .max(100)
    .optional()
    .meta({ description: `Ended, or else created, at that time or later: ${momentRule}` }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(12_000).optional().meta({ description: "`next` of the page before" }),
});

const counts = z.record(z.enum(jobStates), z.int().nonnegative());

/** `/api/v1/jobs` and below, except for enqueuing, and `/api/v1/queues`. */
export function addJobRecordRoutes(app: App, { producer }: ServerContext): void {
  app.get(
    "/api/v1/jobs",
    {
      schema: {
        tags: ["jobs"],
        operationId: "listJobs",
        summary: "Jobs, the newest first",
        querystring: listQuery,
        response: {
          200: z.object({
            jobs: z.array(jobRecord),
            next: z
              .string()
              .nullable()
              .meta({ description: "The cursor of the next page; null if this is the last" }),
          }),
          ...problemsOf(400),
        },
      },
    },
    async ({ query: { cursor, queue, since, ...query } }) => {
      const { jobs, next } = await producer.page({
        ...query,
        queue: queue as AnyQueueName | undefined,
        since: since === undefined ? undefined : momentOf(since),
        cursor: cursor === undefined ? undefined : readCursor(cursor),
      });
      return { jobs: [...jobs], next: next === undefined ? null : writeCursor(next) };
    },
  );
  app.get(
    "/api/v1/jobs/:queue/:id",
    {
      schema: {
        tags: ["jobs"],
        operationId: "getJob",
        summary: "A job's record",
        params: jobParams,
        response: { 200: jobRecord, ...problemsOf(400, 404) },
      },
    },
    async ({ params }) => recordOf(producer, params),
  );
  app.get(
    "/api/v1/jobs/:queue/:id/log",
    {
      schema: {
        tags: ["jobs"],
        operationId: "getJobLog",
        summary: "The lines of a job's log",
        params: jobParams,
        response: {
          200: z.object({ log: z.array(z.string()).meta({ description: "Oldest first" }) }),
          ...problemsOf(400, 404),
        },
      },
    },
    async ({ params }) => {
      await recordOf(producer, params);
      return { log: await producer.log(params.id, params) };
    },
  );
  app.delete(
    "/api/v1/jobs/:queue/:id",
    {
      schema: {
        tags: ["jobs"],
        operationId: "cancelJob",
        summary: "Cancel a job",
        params: jobParams,
        response: {
          200: jobRecord.meta({ description: "It has ended" }),
          202: jobRecord.meta({ description: "Its worker has not answered yet" }),
          ...problemsOf(400, 404, 409),
        },
      },
    },
    async ({ params }, reply) => {
      const before = await recordOf(producer, params);
      assertCancellable(before);
      const hasEnded = await cancel(producer, params);
      const record = (await producer.record(params.queue, params.id)) ?? before;
      return reply.code(hasEnded ? 200 : 202).send(record);
    },
  );
  app.get(
    "/api/v1/queues",
    {
      schema: {
        tags: ["jobs"],
        operationId: "listQueues",
        summary: "How many jobs and workers each queue has, and which are paused",
        response: {
          200: z.object({
            queues: z.record(z.string(), counts),
            workers: z.record(z.string(), z.int().nonnegative()),
            paused: z
              .array(z.string())
              .meta({ description: "The queues whose jobs no worker takes up until they are resumed" }),
          }),
          ...problemsOf(),
        },
      },
    },
    async () => {
      const [queues, paused] = await Promise.all([producer.counts(), producer.paused()]);
      const workers = await Promise.all(
        Object.keys(queues).map(async (name) => [name, await producer.workers(name as AnyQueueName)]),
      );
      return { queues, workers: Object.fromEntries(workers), paused };
    },
  );
}

/** @throws 400 `INVALID_REQUEST` for a text that is no time */
function momentOf(text: string): number {
  const moment = readMoment(text);
  if (moment === undefined) {
    throw new HttpError(400, "INVALID_REQUEST", `since: ${quote(text)} is no time: it takes ${momentRule}`);
  }
  return moment;
}

/** @throws 404 `NOT_FOUND` */
async function recordOf(
  producer: Producer,
  job: { readonly queue: string; readonly id: string },
): Promise<JobRecord> {
  const record = await producer.record(job.queue, job.id);
  if (record === undefined) throw jobNotFound(job);
  return record;
}

/** Refuses a job that has ended. One that was cancelled may be cancelled again, so that a repeat is harmless. */
function assertCancellable({ id, state }: JobRecord): void {
  if (state === "completed" || state === "failed") {
    throw new HttpError(409, "INVALID_JOB", `the job ${id} cannot be cancelled: it has ${state} already`);
  }
}

async function cancel(
  producer: Producer,
  { id, queue }: { readonly id: string; readonly queue: string },
): Promise<boolean> {
  try {
    return await producer.cancel(id, { queue });
  } catch (error) {
    // It has ended since it was read.
    if (error instanceof JobError && error.code === "INVALID_JOB")
      throw new HttpError(409, error.code, error.message);
    throw error;
  }
}
