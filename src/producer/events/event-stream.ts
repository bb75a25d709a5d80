// One stream of the events of all jobs of all queues. An outage of Redis does not end it.
import type { JobError } from "../../jobs/index.js";
import type { JobEvent, JobEvents } from "./job-events.js";

/** Redis has been away for more than 4 s, or it is back (also after less). */
export interface ConnectionEvent {
  readonly connection: "lost" | "restored";
  /** With `lost`. */
  readonly error?: JobError;
}

export type QueueEvent = JobEvent | ConnectionEvent;

/** What to do when Redis goes away and when it is back. */
export interface Interest {
  outage(error: JobError): void;
  recheck(): void;
}

/** How many unread events are kept; BullMQ keeps as many in Redis. */
const unreadLimit = 10_000;

/**
 * Listens from now on. Each turn of the generator yields all events since the last turn, at least one. Unread progress
 * of a job is replaced by newer progress, and of more than 10,000 unread events the oldest are dropped. It ends when
 * the signal aborts.
 * @param register subscribes to outages of the connection; returns the function that unsubscribes
 * @param watchForMore adds sources that come up later; returns the function that stops this
 */
export function openEventStream(
  sources: readonly JobEvents[],
  register: (interest: Interest) => () => void,
  watchForMore: (add: (source: JobEvents) => void) => () => void,
  signal?: AbortSignal,
): AsyncGenerator<readonly QueueEvent[], void> {
  let unread: QueueEvent[] = [];
  /** The index of a job's newest unread progress, if nothing else has happened to the job since. */
  const progressAt = new Map<string, number>();
  let wake = () => {};
  const push = (event: QueueEvent) => {
    const earlier = "id" in event ? progressAt.get(event.id) : undefined;
    if (earlier !== undefined && "progress" in event) {
      unread[earlier] = event;
      return;
    }
    if (unread.length >= 2 * unreadLimit) unread = take();
    if ("id" in event) {
      if ("progress" in event) progressAt.set(event.id, unread.length);
      else progressAt.delete(event.id);
    }
    unread.push(event);
    wake();
  };
  /** Empties the list and returns its newest events, `unreadLimit` at most. */
  const take = () => {
    const taken = unread.slice(-unreadLimit);
    unread = [];
    progressAt.clear();
    return taken;
  };
  const stops = sources.map((events) => events.listenToAll(push));
  stops.push(
    register({
      outage: (error) => push({ connection: "lost", error }),
      recheck: () => push({ connection: "restored" }),
    }),
  );
  let isStopped = false;
  stops.push(
    watchForMore((source) => {
      if (!isStopped) stops.push(source.listenToAll(push));
    }),
  );
  const stop = () => {
    isStopped = true;
    for (const each of stops) each();
    wake();
  };
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();

  return (async function* () {
    try {
      while (!signal?.aborted) {
        if (unread.length > 0) yield take();
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      stop();
    }
  })();
}
