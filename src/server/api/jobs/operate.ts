// What an operator does with jobs and queues: retry, remove, pause, resume. Each is logged, for it changes what others see.
import { z } from "zod";
import { type AnyQueueName, type ErrorCode, errorCodes, JobError } from "../../../jobs/index.js";
import { type JobState, jobStates, type OperateFilter } from "../../../producer/index.js";
import { onOneLine } from "../../../terms/index.js";
import type { App, ServerContext } from "../../context.js";
import { HttpError } from "../../problem.js";
import { problemsOf } from "../problems-of.js";
import { jobNotFound, jobParams, jobRecord } from "./shapes.js";

const time = z.int().nonnegative();

/** Which jobs are meant; every field that is given must match. */
const filter = {
  queue: z.string().max(100).optional(),
  name: z.string().max(100).optional().meta({ description: "The name of the job" }),
  image: z
    .string()
    .max(1_000)
    .optional()
    .meta({ description: "An image's id, or a name as the job's data has it" }),
  code: z.enum(errorCodes).optional().meta({ description: "The code of the failure" }),
  since: time.optional().meta({ description: "It ended, or was made, at this time or later, in ms" }),
  before: time.optional().meta({ description: "The same: before this time" }),
};

const retried = ["failed", "cancelled"] as const;
const removed = [...new Set([...jobStates.filter((state) => state !== "active"), "cancelled"])] as [
  string,
  ...string[],
];
const retryFilter = z.strictObject({ state: z.enum(retried), ...filter }).meta({ id: "RetryFilter" });
const removeFilter = z.strictObject({ state: z.enum(removed), ...filter }).meta({ id: "RemoveFilter" });

const count = z.int().nonnegative();
const refusals = {
  refused: count,
  refusals: z
    .array(z.object({ id: z.string(), queue: z.string(), code: z.enum(errorCodes), message: z.string() }))
    .meta({ description: "The first hundred of them" }),
};

const tags = ["jobs"];
/** The characters of a line of the log. */
const longestLine = 2_000;
const pausing = z.object({
  queue: z.string(),
  paused: z.boolean(),
  changed: z.boolean().meta({ description: "False if it was so before" }),
});

/** `/api/v1/jobs/retry`, `/remove`, the same below a job, and `/pause` and `/resume` below a queue. */
export function addOperateRoutes(app: App, { producer, log, signal }: ServerContext): void {
  // What it quotes comes from whoever asks.
  const note = (line: string) => log(onOneLine(line, longestLine));
  app.post(
    "/api/v1/jobs/:queue/:id/retry",
    {
      schema: {
        ...{
          tags,
          operationId: "retryJob",
          summary: "Have a job done once more that failed or was cancelled",
        },
        params: jobParams,
        response: {
          200: jobRecord.meta({ description: "It waits again" }),
          ...problemsOf(400, 404, 409),
        },
      },
    },
    async ({ params }) => {
      await refusing(producer.retry(params.id, params.queue), params);
      note(`retried the job ${params.id} of ${params.queue}`);
      const record = await producer.record(params.queue, params.id);
      if (record === undefined) throw jobNotFound(params);
      return record;
    },
  );
  app.post(
    "/api/v1/jobs/:queue/:id/remove",
    {
      schema: {
        ...{ tags, operationId: "removeJob", summary: "Remove the record of a job that waits or has ended" },
        params: jobParams,
        response: { 204: z.null().meta({ description: "It is gone" }), ...problemsOf(400, 404, 409) },
      },
    },
    async ({ params }, reply) => {
      await refusing(producer.remove(params.id, params.queue), params);
      note(`removed the job ${params.id} of ${params.queue}`);
      return reply.code(204).send(null);
    },
  );
  app.post(
    "/api/v1/jobs/retry",
    {
      schema: {
        ...{ tags, operationId: "retryJobs", summary: "Have all jobs done once more that match" },
        body: retryFilter,
        response: {
          200: z.object({ retried: count, ...refusals }),
          ...problemsOf(400, 413, 415, 422),
        },
      },
    },
    async ({ body }) => {
      const done = await producer.retryAll(filterOf(body), { signal });
      note(`retried ${done.retried} jobs, and not ${done.refused}: ${JSON.stringify(body)}`);
      return { ...done, refusals: [...done.refusals] };
    },
  );
  app.post(
    "/api/v1/jobs/remove",
    {
      schema: {
        ...{ tags, operationId: "removeJobs", summary: "Remove the records of all jobs that match" },
        body: removeFilter,
        response: {
          200: z.object({ removed: count, ...refusals }),
          ...problemsOf(400, 413, 415, 422),
        },
      },
    },
    async ({ body }) => {
      const done = await producer.removeAll(filterOf(body), { signal });
      note(`removed ${done.removed} jobs, and not ${done.refused}: ${JSON.stringify(body)}`);
      return { ...done, refusals: [...done.refusals] };
    },
  );
  for (const [verb, isPaused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    app.post(
      `/api/v1/queues/:queue/${verb}`,
      {
        schema: {
          tags,
          operationId: `${verb}Queue`,
          summary: isPaused ? "Let no worker take up jobs of a queue" : "End the pause of a queue",
          params: jobParams.pick({ queue: true }),
          response: { 200: pausing, ...problemsOf(400, 404) },
        },
      },
      async ({ params: { queue } }) => {
        const changed = await producer[verb](queue).catch((error: unknown) => {
          throw hasCode(error, "INVALID_OPTION") ? new HttpError(404, "NOT_FOUND", error.message) : error;
        });
        if (changed) note(`${verb}d the queue ${queue}`);
        return { queue, paused: isPaused, changed };
      },
    );
  }
}

function filterOf({
  state,
  queue,
  ...rest
}: z.infer<typeof retryFilter | typeof removeFilter>): OperateFilter {
  return { ...rest, state: state as JobState, queue: queue as AnyQueueName | undefined };
}

/** @throws 404 for a job or a queue that is not there, 409 for a job whose state does not allow it */
async function refusing(
  operation: Promise<void>,
  job: { readonly queue: string; readonly id: string },
): Promise<void> {
  try {
    await operation;
  } catch (error) {
    if (hasCode(error, "JOB_NOT_FOUND") || hasCode(error, "INVALID_OPTION")) throw jobNotFound(job);
    if (hasCode(error, "INVALID_JOB")) throw new HttpError(409, error.code, error.message);
    throw error;
  }
}

function hasCode(error: unknown, code: ErrorCode): error is JobError {
  return error instanceof JobError && error.code === code;
}
