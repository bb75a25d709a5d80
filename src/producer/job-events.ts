// Hears of jobs: one listener per queue on Redis's event stream, shared by all that wait or follow.
import { QueueEvents, type QueueEventsListener } from "bullmq";
import {
  type AnyQueueName,
  eventsKey,
  jobLogEvent,
  keyPrefix,
  type Progress,
  parseFailedReason,
  parseProgress,
} from "../jobs/index.js";
import { connectPatiently, type HastyConnection } from "./connection.js";
import type { JobState } from "./job-records.js";

/** What became of a job. */
export interface JobUpdate {
  readonly state: JobState;
  /** With state `active`, also of a batch whose children are at work: how far it is. */
  readonly progress?: Progress;
  /** With state `completed`. */
  readonly result?: unknown;
  /** With state `failed`. */
  readonly error?: ReturnType<typeof parseFailedReason>;
}

/** Something that happened to any job. `removed` is a job that was taken back before a worker had begun it. */
export interface JobEvent extends Omit<JobUpdate, "state"> {
  readonly queue: AnyQueueName;
  readonly id: string;
  readonly state: JobState | "removed";
  /** When, by Redis's clock, in ms since the epoch. */
  readonly at: number;
}

/** A line of a job's log. */
export interface JobLogLine {
  readonly queue: AnyQueueName;
  readonly id: string;
  /** The id of its event in the queue's stream. */
  readonly eventId: string;
  readonly line: string;
  /** When, by the worker's clock, in ms since the epoch. */
  readonly at: number;
}

export interface JobEvents {
  /** Calls the listener with every update of a job from now on. Returns what ends that. */
  listen(jobId: string, listener: (update: JobUpdate) => void): () => void;
  /** The same for all jobs of the queue. */
  listenToAll(listener: (event: JobEvent) => void): () => void;
  /** Calls the listener with every line of the logs of the queue's jobs. Returns what ends that. */
  listenToLogs(listener: (line: JobLogLine) => void): () => void;
  close(): Promise<void>;
}

/** What is told of besides BullMQ's own events. */
interface LogEvents extends QueueEventsListener {
  log(event: Readonly<Record<"jobId" | "line" | "at", string>>, eventId: string): void;
}

/**
 * Starts to hear of a queue's jobs. No event that happens after this resolves is missed.
 * @param from `beginning` to hear of all that has happened as well
 */
export async function openJobEvents(
  connection: HastyConnection,
  url: string,
  graphName: string,
  queue: AnyQueueName,
  from: "now" | "beginning" = "now",
): Promise<JobEvents> {
  const prefix = keyPrefix(graphName);
  // "From now on" has a gap between the subscription and the first read; a fixed position has none.
  const newest =
    from === "beginning"
      ? undefined
      : (
          await connection.attempt(() =>
            connection.redis.xrevrange(eventsKey(graphName, queue), "+", "-", "COUNT", 1),
          )
        )[0];
  const redis = connectPatiently(url, prefix);
  const events = new QueueEvents(queue, { connection: redis, prefix, lastEventId: newest?.[0] ?? "0-0" });
  events.on("error", () => undefined);

  const listeners = new Map<string, Set<(update: JobUpdate) => void>>();
  const listenersToAll = new Set<(event: JobEvent) => void>();
  const listenersToLogs = new Set<(line: JobLogLine) => void>();
  const tell = (
    jobId: string,
    eventId: string,
    update: JobUpdate,
    state: JobEvent["state"] = update.state,
  ) => {
    for (const listener of listeners.get(jobId) ?? []) listener(update);
    // An event's id begins with its time (Redis, "Streams": entry IDs).
    for (const listener of listenersToAll)
      listener({ ...update, queue, id: jobId, state, at: Number.parseInt(eventId, 10) });
  };
  events.on("waiting", ({ jobId }, id) => tell(jobId, id, { state: "waiting" }));
  events.on("delayed", ({ jobId }, id) => tell(jobId, id, { state: "delayed" }));
  events.on("waiting-children", ({ jobId }, id) => tell(jobId, id, { state: "waiting-children" }));
  events.on("active", ({ jobId }, id) => tell(jobId, id, { state: "active" }));
  events.on("progress", ({ jobId, data }, id) => {
    const progress = parseProgress(data);
    if (progress !== undefined) tell(jobId, id, { state: "active", progress });
  });
  events.on("completed", ({ jobId, returnvalue }, id) =>
    tell(jobId, id, { state: "completed", result: returnvalue }),
  );
  events.on("failed", ({ jobId, failedReason }, id) =>
    tell(jobId, id, { state: "failed", error: parseFailedReason(failedReason) }),
  );
  events.on("removed", ({ jobId }, id) => {
    const error = { code: "CANCELLED", message: "the job was taken back" } as const;
    tell(jobId, id, { state: "failed", error }, "removed");
  });
  events.on<LogEvents, typeof jobLogEvent>(jobLogEvent, ({ jobId, line, at }, eventId) => {
    for (const listener of listenersToLogs) listener({ queue, id: jobId, eventId, line, at: Number(at) });
  });

  return {
    listen(jobId, listener) {
      const ofJob = listeners.get(jobId) ?? new Set();
      listeners.set(jobId, ofJob.add(listener));
      return () => {
        ofJob.delete(listener);
        if (ofJob.size === 0) listeners.delete(jobId);
      };
    },
    listenToAll(listener) {
      listenersToAll.add(listener);
      return () => listenersToAll.delete(listener);
    },
    listenToLogs(listener) {
      listenersToLogs.add(listener);
      return () => listenersToLogs.delete(listener);
    },
    async close() {
      const closing = events.close();
      closing.catch(() => undefined);
      // BullMQ waits until the copy of our connection that it listens by tells that it has ended. One that was not ready,
      // or is lost meanwhile, does not tell, between two attempts.
      if (redis.status === "ready") {
        await Promise.race([closing, new Promise((resolve) => redis.once("close", resolve))]);
      }
      redis.disconnect();
    },
  };
}
