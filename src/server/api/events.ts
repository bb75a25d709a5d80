// Streams the events of one job, or of all jobs.
import { z } from "zod";
import { hasEnded, type QueueEvent, type WatchedEvent } from "../../producer/index.js";
import type { App, ServerContext } from "../context.js";
import { type EventStream, type EventStreams, frame, openEventStreams } from "./event-streams.js";
import { jobNotFound, jobParams } from "./jobs/index.js";
import { problemsOf } from "./problems-of.js";

const lastEventId = "last-event-id";

const stream = (description: string) => ({
  description,
  content: { "text/event-stream": { schema: z.string() } },
});

/** `GET /api/v1/jobs/{queue}/{id}/events` and `GET /api/v1/events`. */
export function addEventRoutes(app: App, context: ServerContext): void {
  const streams = openEventStreams(context.signal);
  addJobEventsRoute(app, context, streams);
  addAllEventsRoute(app, context, streams);
}

function addJobEventsRoute(app: App, { producer }: ServerContext, streams: EventStreams): void {
  app.get(
    "/api/v1/jobs/:queue/:id/events",
    {
      exposeHeadRoute: false,
      schema: {
        tags: ["jobs"],
        operationId: "watchJob",
        summary: "What happens to a job, as server-sent events",
        description:
          "Begins with the job's present state and the lines of its log, or after `Last-Event-ID` if the queue's event " +
          "stream still holds that. Events: `state` {state, result?, error?}, `progress` {phase, done, total, unit, …}, " +
          "`log` {line, at}, `connection` {connection: lost | restored} when Redis goes away and is back, which does not " +
          "end the stream. Ends after the state `completed`, `failed` or `cancelled`.",
        params: jobParams,
        headers: z.object({ [lastEventId]: z.string().optional() }),
        response: {
          200: stream("The events"),
          204: z.null().meta({ description: "The job has ended, and all was heard" }),
          ...problemsOf(400, 404),
        },
      },
    },
    async (request, reply) => {
      const { params } = request;
      const early: WatchedEvent[] = [];
      const frames: Buffer[] = [];
      let opened: EventStream | undefined;
      const watch = await producer.watch(
        params,
        (event, eventId) => {
          const text = frameOf(event, eventId);
          if (opened === undefined) {
            early.push(event);
            frames.push(text);
            return;
          }
          opened.send(text, "progress" in event);
          if (isEnd(event)) opened.end();
        },
        () => opened?.end(),
        request.headers[lastEventId],
      );
      if (watch === undefined) throw jobNotFound(params);
      if (watch.isOver) {
        watch.stop();
        return reply.code(204).send(null);
      }
      opened = streams.open(reply);
      if (opened.signal.aborted) watch.stop();
      else opened.signal.addEventListener("abort", watch.stop, { once: true });
      if (frames.length > 0)
        opened.send(frames.length === 1 && frames[0] ? frames[0] : Buffer.concat(frames));
      if (early.some(isEnd)) opened.end();
      return reply;
    },
  );
}

/** The frames of events: all clients that get the same event share its frame. */
const frames = new WeakMap<WatchedEvent, Buffer>();

function frameOf(event: WatchedEvent, eventId: string | undefined): Buffer {
  const text = frames.get(event) ?? makeFrame(event, eventId);
  frames.set(event, text);
  return text;
}

function makeFrame(event: WatchedEvent, eventId: string | undefined): Buffer {
  if ("connection" in event) return frame("connection", { connection: event.connection }, eventId);
  if ("line" in event) return frame("log", event, eventId);
  const { state, progress, result, error } = event;
  if (progress === undefined) return frame("state", { state, result, error }, eventId);
  return frame("progress", progress, eventId);
}

function isEnd(event: WatchedEvent): boolean {
  return "state" in event && hasEnded(event);
}

function addAllEventsRoute(app: App, { producer }: ServerContext, streams: EventStreams): void {
  app.get(
    "/api/v1/events",
    {
      exposeHeadRoute: false,
      schema: {
        tags: ["jobs"],
        operationId: "watchAllJobs",
        summary: "What happens to all jobs, as server-sent events",
        description:
          "From now on. Events: `job` {queue, id, state, progress?, error?, at}, where `removed` is the state of a job " +
          "that was taken back; `connection` {connection: lost | restored} when Redis goes away and is back.",
        response: { 200: stream("The events"), ...problemsOf() },
      },
    },
    async (_request, reply) => {
      const closed = new AbortController();
      const events = await producer.events(closed.signal);
      const opened = streams.open(reply);
      const close = () => closed.abort();
      if (opened.signal.aborted) close();
      else opened.signal.addEventListener("abort", close, { once: true });
      for await (const batch of events) {
        opened.send(Buffer.concat(batch.map(frameOfAny)));
        await opened.drained();
      }
      return reply;
    },
  );
}

function frameOfAny(event: QueueEvent): Buffer {
  if ("connection" in event) return frame("connection", { connection: event.connection });
  const { queue, id, state, progress, error, at } = event;
  return frame("job", { queue, id, state, progress, error, at });
}
