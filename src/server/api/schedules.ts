// Schedules: jobs that are enqueued repeatedly.
import { z } from "zod";
import { notify, repeatableJobNames, scheduleIdPattern } from "../../jobs/index.js";
import { nextRuns } from "../../producer/index.js";
import type { App, ServerContext } from "../context.js";
import { HttpError } from "../problem.js";
import { problemsOf } from "./problems-of.js";

const time = z.number().meta({ description: "Milliseconds since the epoch" });

/** A schedule that is set. */
export const schedule = z
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

const pausedSchedule = schedule.omit({ next: true }).meta({ id: "PausedSchedule" });

const idParams = z.object({ id: z.string().regex(scheduleIdPattern) });
/** How many next runs are told of at most. */
const mostRuns = 20;

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
        summary: "The schedules in the order of their ids, those that run and those that are paused",
        response: {
          200: z.object({ schedules: z.array(schedule), paused: z.array(pausedSchedule) }),
          ...problemsOf(),
        },
      },
    },
    async () => {
      const [schedules, paused] = await Promise.all([producer.schedules(), producer.pausedSchedules()]);
      return { schedules, paused };
    },
  );
  app.get(
    "/api/v1/next-runs",
    {
      schema: {
        tags,
        operationId: "nextRuns",
        summary: "When a schedule of a cron expression would run next",
        querystring: z.object({
          cron: z.string().meta({ examples: ["0 3 * * *"] }),
          tz: z.string().default("UTC"),
          count: z.coerce.number().int().min(1).max(mostRuns).default(3),
        }),
        response: { 200: z.object({ runs: z.array(time) }), ...problemsOf(400, 422) },
      },
    },
    async ({ query: { cron, tz, count } }) => ({ runs: nextRuns(cron, tz, count) }),
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
  const notThere = (id: string) =>
    new HttpError(404, "NOT_FOUND", `there is no schedule ${JSON.stringify(id)}`);
  const assertThere = async (id: string) => {
    const lists = await Promise.all([producer.schedules(), producer.pausedSchedules()]);
    if (!lists.flat().some((each) => each.id === id)) throw notThere(id);
  };
  for (const verb of ["pause", "resume"] as const) {
    app.post(
      `/api/v1/schedules/:id/${verb}`,
      {
        schema: {
          tags,
          operationId: `${verb}Schedule`,
          summary:
            verb === "pause"
              ? "Keep a schedule, but run it no more; a run that is due already is done"
              : "Let a schedule that is paused run again",
          params: idParams,
          response: {
            200: z.object({
              id: z.string(),
              paused: z.boolean(),
              changed: z.boolean().meta({ description: "False if it was so before" }),
            }),
            ...problemsOf(400, 404),
          },
        },
      },
      async ({ params: { id } }) => {
        await assertThere(id);
        const changed = await producer[`${verb}Schedule`](id);
        return { id, paused: verb === "pause", changed };
      },
    );
  }
  app.delete(
    "/api/v1/schedules/:id",
    {
      schema: {
        tags,
        operationId: "removeSchedule",
        summary: "Remove a schedule",
        params: idParams,
        response: { 204: z.null().meta({ description: "It is removed" }), ...problemsOf(400, 404) },
      },
    },
    async ({ params: { id } }, reply) => {
      await assertThere(id);
      await producer.unschedule(id);
      return reply.code(204).send(null);
    },
  );
}
