// Reads past events of jobs from a queue's event stream. One reading serves all who ask at once, as after a restart of the
// server.
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { JobUpdate, LogLine } from "./job-events.js";
import { readEntry } from "./stream-entry.js";

/** A past update of a job, and the id of its event. All who read the same event get the same object. */
interface PastEvent {
  readonly eventId: string;
  readonly what: JobUpdate | LogLine;
}

/** The events of a job after the event `after`, oldest first; undefined if the stream does not hold `after`. */
export type Replay = (jobId: string, after: string) => Promise<readonly PastEvent[] | undefined>;

interface Reader {
  readonly jobId: string;
  readonly after: string;
  readonly settle: (events: readonly PastEvent[] | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** How many entries are read at a time. */
const chunk = 1_000;

/** @param attempt runs an operation that needs Redis */
export function openReplay(
  queue: Queue,
  redis: Redis,
  attempt: <T>(read: () => Promise<T>) => Promise<T>,
): Replay {
  let waiting: Reader[] = [];
  let isReading = false;
  const readAll = async () => {
    isReading = true;
    // All who ask in this turn of the event loop are served together.
    for (await undefined; waiting.length > 0; ) {
      const readers = waiting;
      waiting = [];
      await attempt(() => readFor(readers, queue, redis)).catch((error: unknown) => {
        for (const { fail } of readers) fail(error);
      });
    }
    isReading = false;
  };
  return (jobId, after) =>
    new Promise((settle, fail) => {
      waiting.push({ jobId, after, settle, fail });
      if (!isReading) void readAll();
    });
}

/** True for what may be the id of an event (Redis, "Streams": entry IDs). */
export function isEventId(text: string): boolean {
  return /^\d{1,15}-\d{1,15}$/.test(text);
}

/** True for the id of an event that comes after another. */
export function isAfter(one: string, other: string): boolean {
  const [time = 0, count = 0] = one.split("-").map(Number);
  const [otherTime = 0, otherCount = 0] = other.split("-").map(Number);
  return time > otherTime || (time === otherTime && count > otherCount);
}

async function readFor(readers: readonly Reader[], queue: Queue, redis: Redis): Promise<void> {
  const key = queue.toKey("events");
  const ids = [...new Set(readers.map(({ after }) => after))];
  const asked = redis.pipeline();
  for (const id of ids) asked.xrange(key, id, id);
  const answers = (await asked.exec()) ?? [];
  const held = new Set(ids.filter((_, at) => (answers[at]?.[1] as unknown[] | null)?.length === 1));
  const served = readers.filter(({ after }) => held.has(after));
  const wanted = new Map<string, PastEvent[]>(served.map(({ jobId }) => [jobId, []]));
  let last = [...held].reduce<string | undefined>(
    (first, id) => (first === undefined || isAfter(first, id) ? id : first),
    undefined,
  );
  while (last !== undefined) {
    const entries = await redis.xrange(key, `(${last}`, "+", "COUNT", chunk);
    for (const [eventId, fields] of entries) {
      const entry = readEntry(fields);
      if (entry !== undefined) wanted.get(entry.jobId)?.push({ eventId, what: entry.what });
    }
    last = entries.length < chunk ? undefined : entries.at(-1)?.[0];
  }
  for (const { jobId, after, settle } of readers) {
    const events = held.has(after) ? wanted.get(jobId) : undefined;
    settle(events?.filter(({ eventId }) => isAfter(eventId, after)));
  }
}
