// The events of a queue's jobs: one reader of the queue's event stream, shared by all who wait or follow.
import { QueueEvents, type QueueEventsListener } from "bullmq";
import type { Redis } from "ioredis";
import {
  type AnyQueueName,
  eventsKey,
  jobLogEvent,
  keyPrefix,
  type Progress,
  type parseFailedReason,
} from "../../jobs/index.js";
import { connectWithRetry, type FailFastConnection } from "../../redis/index.js";
import type { JobState } from "../job-records.js";
import { guardEvents } from "../unreadable/index.js";
import { type EventFields, readLogLine, readUpdate, toldEvents } from "./stream-entry.js";

/** A change of a job. */
export interface JobUpdate {
  readonly state: JobState;
  /** With state `active`, also for a batch whose children are at work. */
  readonly progress?: Progress;
  /** With state `completed`. */
  readonly result?: unknown;
  /** With the states `failed` and `cancelled`. */
  readonly error?: ReturnType<typeof parseFailedReason>;
}

/** A line of a job's log. */
export interface LogLine {
  readonly line: string;
  /** When, by the worker's clock, in ms since the epoch. */
  readonly at: number;
}

/** An event of any job. `removed`: its record was, as that of a job that was withdrawn before a worker began it. */
export interface JobEvent extends Omit<JobUpdate, "state"> {
  readonly queue: AnyQueueName;
  readonly id: string;
  readonly state: JobState | "removed";
  /** When, by Redis's clock, in ms since the epoch. */
  readonly at: number;
}

export interface JobEvents {
  /**
   * Calls the listener with every update of a job from now on, and the id of its event in Redis's stream.
   * @returns the function that ends this
   */
  listen(jobId: string, listener: (update: JobUpdate, eventId: string) => void): () => void;
  /** The same for the lines of its log. */
  listenToLog(jobId: string, listener: (line: LogLine, eventId: string) => void): () => void;
  /** The same for all jobs of the queue. */
  listenToAll(listener: (event: JobEvent) => void): () => void;
  close(): Promise<void>;
}

/** The events that workers add to BullMQ's own. */
interface LogEvents extends QueueEventsListener {
  log(fields: EventFields, eventId: string): void;
}

/**
 * Starts to listen to a queue. No event that happens after this resolves is missed.
 * @param from `beginning` also for all events that the stream holds
 */
export async function openJobEvents(
  connection: FailFastConnection,
  url: string,
  graphName: string,
  queue: AnyQueueName,
  from: "now" | "beginning" = "now",
): Promise<JobEvents> {
  const prefix = keyPrefix(graphName);
  // "From now on" would leave a gap between the subscription and the first read; a fixed position does not.
  const newest =
    from === "beginning"
      ? undefined
      : (
          await connection.attempt(() =>
            connection.redis.xrevrange(eventsKey(graphName, queue), "+", "-", "COUNT", 1),
          )
        )[0];
  const redis = connectWithRetry(url, prefix);
  const listening = copyOf(redis);
  const events = new QueueEvents(queue, { connection: redis, prefix, lastEventId: newest?.[0] ?? "0-0" });
  guardEvents(events).on("error", () => undefined);

  const listeners: Listeners<JobUpdate> = new Map();
  const logListeners: Listeners<LogLine> = new Map();
  const listenersToAll = new Set<(event: JobEvent) => void>();
  const tell = (event: string, fields: EventFields, eventId: string) => {
    const { jobId } = fields;
    const update = readUpdate(event, fields);
    if (update === undefined) return;
    for (const listener of listeners.get(jobId) ?? []) listener(update, eventId);
    // An event's id begins with its time (Redis, "Streams": entry IDs).
    const at = Number.parseInt(eventId, 10);
    const state = event === "removed" ? event : update.state;
    for (const listener of listenersToAll) listener({ ...update, queue, id: jobId, state, at });
  };
  for (const event of toldEvents) {
    events.on(event, (fields: { readonly jobId: string }, eventId: string) => tell(event, fields, eventId));
  }
  events.on<LogEvents, typeof jobLogEvent>(jobLogEvent, (fields, eventId) => {
    const line = readLogLine(fields);
    for (const listener of logListeners.get(fields.jobId) ?? []) listener(line, eventId);
  });

  return {
    listen: (jobId, listener) => addListener(listeners, jobId, listener),
    listenToLog: (jobId, listener) => addListener(logListeners, jobId, listener),
    listenToAll(listener) {
      listenersToAll.add(listener);
      return () => listenersToAll.delete(listener);
    },
    async close() {
      const closing = events.close();
      closing.catch(() => undefined);
      // BullMQ waits for the `end` of its connection, which never comes while that is between two attempts to connect.
      const connection = listening();
      if (connection?.status === "ready") await closing.catch(() => undefined);
      else connection?.disconnect();
      redis.disconnect();
    },
  };
}

/** The listeners by the ids of their jobs. */
type Listeners<What> = Map<string, Set<(what: What, eventId: string) => void>>;

function addListener<What>(
  listeners: Listeners<What>,
  jobId: string,
  listener: (what: What, eventId: string) => void,
): () => void {
  const ofJob = listeners.get(jobId) ?? new Set();
  listeners.set(jobId, ofJob.add(listener));
  return () => {
    ofJob.delete(listener);
    if (ofJob.size === 0) listeners.delete(jobId);
  };
}

/** Returns a function for the duplicate of the connection that BullMQ listens on: undefined until it was made. */
function copyOf(redis: Redis): () => Redis | undefined {
  const duplicate = redis.duplicate.bind(redis);
  let copy: Redis | undefined;
  redis.duplicate = (options) => {
    copy = duplicate(options);
    return copy;
  };
  return () => copy;
}
