// What a producer hears of its jobs: it waits for one, follows one, watches one for a client, or hears of all.
import { type AnyQueueName, JobError, type JobName, type JobResult } from "../../jobs/index.js";
import type { FailFastConnection } from "../../redis/index.js";
import type { EnqueuedJob } from "../enqueue.js";
import type { GraphQueues } from "../graph-queues.js";
import { readJobRecord } from "../job-records.js";
import { type Interest, openEventStream, type QueueEvent } from "./event-stream.js";
import { followJob } from "./follow-job.js";
import { type JobEvents, type JobUpdate, openJobEvents } from "./job-events.js";
import { openJobPresence, presenceInterval } from "./job-presence.js";
import { openJobWatches, type WatchJob } from "./job-watches.js";

/** How long a wait may take, and what ends it early. */
export interface WaitOptions {
  /** Gives the wait up when it aborts; the job goes on. */
  readonly signal?: AbortSignal | undefined;
  /** After how long the wait is given up, in ms; the job goes on. Default: never. */
  readonly timeoutMs?: number | undefined;
}

/** A job that somebody waits for: what enqueued it returned, or its id and its queue. */
export type AwaitedJob<Name extends JobName = JobName> = Pick<EnqueuedJob, "id" | "queue"> &
  Partial<Pick<EnqueuedJob<Name>, "name">>;

export interface JobStreams {
  /**
   * Waits for a job to end and returns its result.
   * @param options a signal may stand for `{ signal }`
   * @throws the job's own error by its code; `JOB_NOT_FOUND` within seconds if its record is not there, or no longer;
   * `QUEUE_UNAVAILABLE`; `CANCELLED` if the wait is given up (the job goes on), with the signal's reason as its `cause`,
   * or with one that is named `TimeoutError` when the time is over
   */
  wait<Name extends JobName>(
    job: AwaitedJob<Name>,
    options?: AbortSignal | WaitOptions,
  ): Promise<JobResult<Name>>;
  /**
   * A job's states and progress as they come, from the present one to `completed`, `failed` or `cancelled`; the last is `failed`,
   * with the error `JOB_NOT_FOUND`, if the job's record is not there, or no longer.
   */
  follow(job: AwaitedJob, signal?: AbortSignal): AsyncGenerator<JobUpdate, void>;
  /** Watches a job for a client, which may have heard a part of what happened. */
  readonly watch: WatchJob;
  /**
   * Hears of all jobs of all queues. Once this resolves nothing is missed; each turn then yields all that has
   * happened since the last one. Unlike `follow` it outlives an outage: an outage is an event of its own, and when
   * Redis is back the events go on where they stopped. Ends when the signal aborts.
   * @throws `QUEUE_UNAVAILABLE` if Redis is not there to begin with
   */
  events(signal?: AbortSignal): Promise<AsyncGenerator<readonly QueueEvent[], void>>;
}

/** The longest time that Node's timers take, in ms. */
const longestTimeout = 2 ** 31 - 1;
/** How often a listener to all jobs looks for new hosts, in ms. */
const hostsInterval = 1_000;

/**
 * @param url of the connection: each queue that is listened to gets a connection of its own
 * @param goneInterval how often the records of jobs are looked for that somebody waits for, in ms
 */
export function openJobStreams(
  connection: FailFastConnection,
  url: string,
  graphName: string,
  queues: GraphQueues,
  goneInterval = presenceInterval,
): JobStreams & { close(): Promise<void> } {
  const presence = openJobPresence(connection, goneInterval);
  const opened = new Map<AnyQueueName, Promise<JobEvents>>();
  const eventsOf = (queue: AnyQueueName, from?: "beginning") => {
    let events = opened.get(queue);
    if (events === undefined) {
      events = openJobEvents(connection, url, graphName, queue, from);
      opened.set(queue, events);
      events.catch(() => opened.delete(queue));
    }
    return events;
  };

  /** What to do on an outage and on a return, for each wait that is under way. */
  const waiting = new Set<Interest>();
  const register = (interest: Interest) => {
    waiting.add(interest);
    return () => waiting.delete(interest);
  };
  connection.onOutage((error) => {
    for (const wait of waiting) wait.outage(error);
  });
  connection.onReturn(() => {
    for (const wait of waiting) wait.recheck();
  });

  async function* follow(job: AwaitedJob, signal?: AbortSignal): AsyncGenerator<JobUpdate, void> {
    const record = () =>
      connection.attempt(() => readJobRecord(connection.redis, queues.of(job.queue), job.id));
    const guard = (gone: () => void) => presence.guard(queues.of(job.queue), job.id, gone);
    yield* followJob(job.id, { events: await eventsOf(job.queue), record, guard, register }, signal);
  }

  /** Adds the events of new hosts, from their beginning: nothing of them was heard before. */
  const watchForHosts = (known: Set<AnyQueueName>, add: (source: JobEvents) => void) => {
    const addNewHosts = async () => {
      for (const name of await queues.names()) {
        if (known.has(name)) continue;
        known.add(name);
        await eventsOf(name, "beginning").then(add, () => known.delete(name));
      }
    };
    const timer = setInterval(() => void addNewHosts().catch(() => undefined), hostsInterval);
    return () => clearInterval(timer);
  };

  return {
    async wait<Name extends JobName>(job: AwaitedJob<Name>, options: AbortSignal | WaitOptions = {}) {
      const { signal, timeoutMs } = options instanceof AbortSignal ? { signal: options } : options;
      const enough = timeoutMs === undefined ? signal : endAfter(timeoutMs, signal);
      for await (const { state, result, error } of follow(job, enough)) {
        if (state === "completed") return result as JobResult<Name>;
        if (error !== undefined) throw new JobError(error.code, error.message, { jobId: job.id });
      }
      throw new JobError("INTERNAL", `job ${job.id} ended without a result`, { jobId: job.id });
    },
    follow,
    watch: openJobWatches(connection, queues, eventsOf, register, presence),
    async events(signal) {
      const names = await queues.names();
      const sources = await Promise.all(names.map((name) => eventsOf(name)));
      return openEventStream(sources, register, (add) => watchForHosts(new Set(names), add), signal);
    },
    async close() {
      presence.close();
      await Promise.allSettled([...opened.values()].map(async (events) => (await events).close()));
    },
  };
}

/** A signal that aborts with another, and after a time, in ms. */
function endAfter(timeoutMs: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(Math.min(timeoutMs, longestTimeout));
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}
