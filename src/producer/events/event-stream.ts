// What happens to all jobs of all queues, as one stream that an outage of Redis does not end.
import type { JobError } from "../../jobs/index.js";
import type { JobEvent, JobEvents } from "./job-events.js";

/** Redis went away (for more than 4 s), or it is back (also after less). */
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

/** How many events may wait to be read; BullMQ keeps as many in Redis. */
const unreadLimit = 10_000;

/**
 * Listens from now on. What it returns yields, each time it is asked, all that has happened since: never nothing.
 * Progress that was not read in time is left out if there is newer, and of more than 10,000 unread events the
 * oldest are. It ends when the signal aborts.
 * @param register tells of the connection; returns what ends that
 * @param watchForMore hands over sources that come up later; returns what ends that
 */
export function openEventStream(
  sources: readonly JobEvents[],
  register: (interest: Interest) => () => void,
  watchForMore: (add: (source: JobEvents) => void) => () => void,
  signal?: AbortSignal,
): AsyncGenerator<readonly QueueEvent[], void> {
  let unread: QueueEvent[] = [];
  /** Where the newest unread progress of a job stands, if nothing else has happened to the job since. */
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
  /** Empties the list; returns what was in it, without the oldest if nobody has read for long. */
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
