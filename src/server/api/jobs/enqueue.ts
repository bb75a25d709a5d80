// Enqueues jobs: one by its name, or many at once.
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import {
  contract,
  defaultBatchBytes,
  defaultJobBytes,
  isBatch,
  isJobId,
  type JobData,
  type JobName,
  jobIdPattern,
  jobNames,
  notify,
} from "../../../jobs/index.js";
import type { NewJob } from "../../../producer/index.js";
import { largestPriority, longestDelayMs } from "../../../terms/index.js";
import type { App, ServerContext } from "../../context.js";
import { HttpError } from "../../problem.js";
import { readLargeJson } from "../json-body.js";
import { problemsOf } from "../problems-of.js";
import { idempotencyKey, notifyHeaders, readIdempotencyKey, readNotifyHeaders } from "./headers.js";
import { jobPath, jobRecord } from "./shapes.js";
import { longestWait, waitForJob } from "./wait-for-job.js";

/** How many jobs one request may enqueue. */
const mostJobs = 10_000;
/** How much larger than a job's data its body may be, in bytes. */
const margin = 64 * 1024;

const priorityMeta = { description: "The lower first; 0, the default, goes before all others" };
const delayMeta = { description: "After how many ms it is due. It joins no other, and none joins it" };

const query = z.object({
  wait: z.coerce
    .number()
    .min(0)
    .max(longestWait)
    .optional()
    .meta({ description: "How long to wait for the job's end, in s" }),
  priority: z.coerce.number().int().min(0).max(largestPriority).optional().meta(priorityMeta),
  delayMs: z.coerce.number().int().min(0).max(longestDelayMs).optional().meta(delayMeta),
});

const headers = z.object({
  [idempotencyKey]: z
    .string()
    .optional()
    .meta({ description: "Makes a repeat harmless: the same key brings the same job" }),
  ...notifyHeaders,
});

/** `POST /api/v1/jobs/{name}` for each job of the contract, and `POST /api/v1/jobs`. */
export function addJobRoutes(app: App, context: ServerContext): void {
  app.register(async (scope) => {
    const routes = scope.withTypeProvider<ZodTypeProvider>();
    readLargeJson(routes);
    for (const name of jobNames) addEnqueueRoute(routes, context, name);
    addBulkRoute(routes, context);
    routes.post(
      "/api/v1/jobs/:name",
      {
        schema: { hide: true, params: z.object({ name: z.string() }) },
        // Before the body is read.
        onRequest: async ({ params }) => {
          const { name } = params as { readonly name: string };
          throw new HttpError(
            404,
            "NOT_FOUND",
            `there is no job ${JSON.stringify(name)}: the jobs are ${jobNames.join(", ")}`,
          );
        },
      },
      () => undefined,
    );
  });
}

function addEnqueueRoute(app: App, context: ServerContext, name: JobName): void {
  const { producer } = context;
  app.post(
    `/api/v1/jobs/${name}`,
    {
      bodyLimit: (isBatch(name) ? defaultBatchBytes : defaultJobBytes) + margin,
      schema: {
        tags: ["jobs"],
        operationId: camelCase("enqueue", name),
        summary: `Enqueue a job \`${name}\``,
        body: contract[name].data as z.ZodType,
        querystring: query,
        headers,
        response: {
          200: jobRecord.meta({ description: "It has ended well within the time" }),
          202: jobRecord.meta({ description: "It is enqueued, or still runs" }),
          ...problemsOf(400, 404, 408, 409, 413, 415, 422, 500, 501, 507),
        },
      },
    },
    async (request, reply) => {
      const key = readIdempotencyKey(request.headers[idempotencyKey]);
      const data = request.body as JobData;
      const { wait = 0, ...others } = request.query;
      const options = { ...others, notify: readNotifyHeaders(request.headers) };
      const job = await (key === undefined
        ? producer.enqueue(name, data, options)
        : producer.enqueueOnce(key, name, data, options));
      const record = await waitForJob(job, wait, reply.raw, context);
      const status = record.state === "completed" && wait > 0 ? 200 : 202;
      return reply.code(status).header("location", jobPath(job)).send(record);
    },
  );
}

/** A job in an array: `name` decides on the schema of `data`. */
const newJob = z.discriminatedUnion(
  "name",
  jobNames.map((name) =>
    z.strictObject({
      name: z.literal(name),
      data: contract[name].data as z.ZodType,
      jobId: z
        .string()
        .regex(jobIdPattern, "a job's id takes 1 to 128 of A-Z a-z 0-9 _ . -, no number")
        .refine(isJobId, "this id is a name of the queue's own")
        .optional(),
      priority: z.int().min(0).max(largestPriority).optional().meta(priorityMeta),
      delayMs: z.int().min(0).max(longestDelayMs).optional().meta(delayMeta),
      notify: notify.optional(),
    }),
  ) as unknown as [
    z.ZodObject<{
      name: z.ZodLiteral<JobName>;
      data: z.ZodType;
      jobId: z.ZodOptional<z.ZodString>;
      notify: z.ZodOptional<typeof notify>;
    }>,
  ],
  { error: ({ code }) => (code === "invalid_union" ? `it takes one of ${jobNames.join(", ")}` : undefined) },
);

function addBulkRoute(app: App, { producer }: ServerContext): void {
  app.post(
    "/api/v1/jobs",
    {
      bodyLimit: defaultBatchBytes + margin,
      schema: {
        tags: ["jobs"],
        operationId: "enqueueMany",
        summary: "Enqueue many jobs, or none if one is wrong",
        body: z.array(newJob).min(1).max(mostJobs),
        headers,
        response: {
          202: z.object({
            jobs: z
              .array(z.object({ id: z.string(), name: z.string(), queue: z.string() }))
              .meta({ description: "In the order given" }),
          }),
          ...problemsOf(400, 408, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      if (request.headers["stevedore-notify"] !== undefined) {
        throw new HttpError(
          400,
          "INVALID_REQUEST",
          "Stevedore-Notify is for one job: many have a notify each, in the body",
        );
      }
      if (request.headers[idempotencyKey] !== undefined) {
        throw new HttpError(
          400,
          "INVALID_REQUEST",
          "Idempotency-Key is for one job: many have a jobId each, which makes a repeat harmless",
        );
      }
      return reply.code(202).send({ jobs: await producer.enqueueAll(request.body as readonly NewJob[]) });
    },
  );
}

/** `enqueueChecksumGraph`: generated clients name their functions like this. */
function camelCase(verb: string, name: JobName): string {
  return `${verb}-${name}`.replaceAll(/-[a-z]/g, (letter) => letter.slice(1).toUpperCase());
}
