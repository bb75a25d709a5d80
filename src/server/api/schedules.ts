// Schedules: jobs that are enqueued repeatedly.
import { z } from "zod";
import { notify, repeatableJobNames, scheduleIdPattern } from "../../jobs/index.js";
import type { App, ServerContext } from "../context.js";
import { HttpError } from "../problem.js";
import { problemsOf } from "./problems-of.js";

const time = z.number().meta({ description: "Milliseconds since the epoch" });

const schedule = z
  .object({
    id: z.string(),
    name: z.string(),
    queue: z.string(),
    cron: z.string(),
    tz: z.string(),
    data: z.unknown(),
    next: time,
    last: z.object({ id: z.string(), at: time, state: z.string() }).optional(),
  })
  .meta({ id: "Schedule" });

const newSchedule = z
  .strictObject({
    name: z.string().meta({ examples: [...repeatableJobNames] }),
    data: z.unknown().optional().meta({ description: "The data of each run" }),
    cron: z.string().meta({ examples: ["0 3 * * *"] }),
    tz: z.string().optional().meta({ description: "A zone of the IANA database; default UTC" }),
    id: z.string().optional().meta({ description: "One of the same id is replaced" }),
    notify: notify.optional(),
  })
  .meta({ id: "NewSchedule" });

/** `/api/v1/schedules` and below. */
export function addScheduleRoutes(app: App, { producer }: ServerContext): void {
  const tags = ["schedules"];
  app.get(
    "/api/v1/schedules",
    {
      schema: {
        tags,
        operationId: "listSchedules",
        summary: "The schedules in the order of their ids",
        response: { 200: z.object({ schedules: z.array(schedule) }), ...problemsOf() },
      },
    },
    async () => ({ schedules: await producer.schedules() }),
  );
  app.post(
    "/api/v1/schedules",
    {
      schema: {
        tags,
        operationId: "setSchedule",
        summary: "Set a schedule, in place of one of its id",
        body: newSchedule,
        response: { 201: schedule, ...problemsOf(400, 413, 415, 422) },
      },
    },
    async ({ body: { data = {}, ...body } }, reply) => {
      const set = await producer.schedule({ ...body, data });
      return reply.code(201).header("location", `/api/v1/schedules/${set.id}`).send(set);
    },
  );
  app.delete(
    "/api/v1/schedules/:id",
    {
      schema: {
        tags,
        operationId: "removeSchedule",
        summary: "Remove a schedule",
        params: z.object({ id: z.string().regex(scheduleIdPattern) }),
        response: { 204: z.null().meta({ description: "It is removed" }), ...problemsOf(400, 404) },
      },
    },
    async ({ params: { id } }, reply) => {
      const known = await producer.schedules();
      if (!known.some((each) => each.id === id)) {
        throw new HttpError(404, "NOT_FOUND", `there is no schedule ${JSON.stringify(id)}`);
      }
      await producer.unschedule(id);
      return reply.code(204).send(null);
    },
  );
}
