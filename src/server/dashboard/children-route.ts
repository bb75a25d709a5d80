// The children of a batch: how many there are of each kind, why none is at work, those at work, and those that failed,
// without those that were cancelled. A layer that was found to be another is no failure of the child that verified it: the
// batch's result names those.
import { z } from "zod";
import {
  childPrefix,
  errorCodes,
  isCancelledReason,
  parseFailedReason,
  parseProgress,
  progress,
} from "../../jobs/index.js";
import type { GraphQueues, Producer } from "../../producer/index.js";
import type { FailFastConnection } from "../../redis/index.js";
import { jobNotFound, jobParams } from "../api/index.js";
import type { App } from "../context.js";
import { problem } from "../problem.js";
import { batchNames, batchWaits, readBatchWaits } from "./batch-waits.js";

const count = z.int().nonnegative();

const children = z
  .object({
    counts: z.object({ waiting: count, active: count, completed: count, failed: count, cancelled: count }),
    waits: batchWaits,
    active: z.array(
      z.object({
        id: z.string().describe("Of the job"),
        image: z.string(),
        progress: progress.nullable(),
        startedAt: z.number().nullable().describe("In ms since the epoch"),
      }),
    ),
    failures: z
      .array(z.object({ id: z.string(), image: z.string(), code: z.enum(errorCodes), message: z.string() }))
      .describe("In no particular order"),
    next: z.string().nullable().describe("The cursor of the next page of failures"),
  })
  .meta({ id: "BatchChildren" });

const cursor = z.string().regex(/^\d{1,20}$/);

export function addChildrenRoute(
  app: App,
  producer: Producer,
  queues: GraphQueues,
  connection: FailFastConnection,
): void {
  app.get(
    "/api/v1/jobs/:queue/:id/children",
    {
      schema: {
        ...{ tags: ["jobs"], summary: "The children of a batch", operationId: "getJobChildren" },
        params: jobParams,
        querystring: z.strictObject({
          limit: z.coerce
            .number()
            .int()
            .min(1)
            .max(500)
            .default(100)
            .describe("About how many failures a page has; where there are few, it has all"),
          cursor: cursor.optional(),
        }),
        response: { 200: children, 400: problem, 401: problem, 404: problem, 503: problem },
      },
    },
    async ({ params, query }) => {
      const name = (await queues.names()).find((known) => known === params.queue);
      const queue = name && queues.of(name);
      const job = queue && (await connection.attempt(() => queue.getJob(params.id)));
      const [counts, record] = await Promise.all([
        producer.children(params.id, params),
        producer.record(params.queue, params.id),
      ]);
      if (job === undefined || queue === undefined || counts === undefined || record === undefined) {
        throw jobNotFound(params);
      }
      const prefix = childPrefix(params.id);
      const [failed, atWork] = await connection.attempt(() =>
        Promise.all([
          job.getDependencies({ ignored: { cursor: Number(query.cursor ?? 0), count: query.limit } }),
          // As many as workers take at a time, and no more.
          queue.getJobs(["active"]),
        ]),
      );
      const active = atWork
        .filter((child) => child?.id?.startsWith(prefix))
        .map((child) => ({
          id: child.id ?? "",
          image: child.id?.slice(prefix.length) ?? "",
          progress: parseProgress(child.progress) ?? null,
          startedAt: child.processedOn ?? null,
        }));
      const ignored = Object.entries(failed.ignored ?? {});
      const failures = ignored
        .filter(([, reason]) => !isCancelledReason(String(reason)))
        .map(([key, reason]) => {
          // BullMQ names a child by its whole key, which ends with its id.
          const id = key.slice(key.lastIndexOf(`:${prefix}`) + 1);
          return { id, image: id.slice(prefix.length), ...parseFailedReason(String(reason)) };
        });
      return {
        counts,
        waits: batchNames.includes(record.name) ? await readBatchWaits(record, producer) : null,
        active,
        failures,
        next: failed.nextIgnoredCursor ? String(failed.nextIgnoredCursor) : null,
      };
    },
  );
}
