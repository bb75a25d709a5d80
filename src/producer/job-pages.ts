// Pages of job records over all queues, the newest first. They are read by ranges: a queue is never loaded as a whole.
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { AnyQueueName, JobName } from "../jobs/index.js";
import { type JobRecord, type JobState, jobStates, toRecord } from "./job-records.js";
import { isOtherKey } from "./unreadable/index.js";

/** Which jobs are wanted. */
export interface PageRequest {
  readonly state?: JobState | undefined;
  readonly queue?: AnyQueueName | undefined;
  readonly name?: JobName | undefined;
  /** How many at most. */
  readonly limit: number;
  /** Where the previous page ended. Default: at the newest job. */
  readonly cursor?: PageCursor | undefined;
}

export interface JobPage {
  /** Fewer than were asked for where the records are large, or few among many have the name. */
  readonly jobs: readonly JobRecord[];
  /** Where the next page begins; undefined if there is none. */
  readonly next: PageCursor | undefined;
}

/** Where a page ended, told by its last jobs, so that jobs that are added meanwhile do not shift the next page. */
export interface PageCursor {
  /** The age of the last job (see `Entry`): nothing newer follows. */
  readonly age: number;
  /** The last job of each state and queue, as `state/queue`, with its place there: see `Entry`. */
  readonly last: Readonly<Record<string, readonly [id: string, rank: number]>>;
}

/** A job as it stands in the list or sorted set of a state. */
interface Entry {
  readonly id: string;
  /** The sort key: the score in a sorted set, the time of creation in a list. */
  readonly rank: number;
  /** When it ended, or else was created, in ms since the epoch. */
  readonly age: number;
  readonly name: string | null;
  /** The size of data and result as JSON. */
  readonly bytes: number;
}

/** The jobs of one queue in one state. */
interface Lane {
  readonly queue: Queue;
  readonly state: JobState;
  readonly name: string;
}

/** Entries that are read at a time. */
const chunk = 100;
/** How many entries are read for a page at most, however few of them have the name that is asked for. */
const mostEntries = 10_000;
/** The most that the data and results of a page may take, in bytes; a single record may be larger. */
const mostBytes = 8 * 1024 ** 2;

/**
 * Reads a page, sorted by when a job ended or, if it has not, was created; the newest first. A job that changes its state
 * while pages are read may be missing; none comes twice.
 */
export async function readPage(
  redis: Redis,
  queues: readonly Queue[],
  { state, name, limit, cursor }: PageRequest,
): Promise<JobPage> {
  const states = state === undefined ? jobStates : [state];
  const lanes = queues.flatMap((queue) =>
    states.map((each): Lane => ({ queue, state: each, name: `${each}/${queue.name}` })),
  );
  const last = new Map(Object.entries(cursor?.last ?? {}));
  const walks = await Promise.all(
    lanes.map(async (lane) => {
      const entries = walk(redis, lane, last.get(lane.name), cursor?.age);
      return { lane, entries, head: await entries.next() };
    }),
  );
  const taken: { lane: Lane; id: string }[] = [];
  let age = cursor?.age ?? Number.POSITIVE_INFINITY;
  for (let bytes = 0, looked = 0; ; looked++) {
    const newest = walks
      .filter(({ head }) => head.done !== true)
      .reduce<(typeof walks)[number] | undefined>(
        (one, other) => (ageOf(one) < ageOf(other) ? other : one),
        undefined,
      );
    if (newest === undefined) return { jobs: await readRecords(taken), next: undefined };
    const { lane, head } = newest;
    const entry = head.value as Entry;
    const isWanted = name === undefined || entry.name === name;
    const isFull = taken.length === limit || looked === mostEntries;
    if (isFull || (isWanted && taken.length > 0 && bytes + entry.bytes > mostBytes)) {
      return { jobs: await readRecords(taken), next: { age, last: Object.fromEntries(last) } };
    }
    if (isWanted) {
      taken.push({ lane, id: entry.id });
      bytes += entry.bytes;
    }
    last.set(lane.name, [entry.id, entry.rank]);
    age = Math.min(age, entry.age);
    newest.head = await newest.entries.next();
  }
}

function ageOf(walk: { readonly head: IteratorResult<Entry, void> } | undefined): number {
  return walk?.head.value?.age ?? Number.NEGATIVE_INFINITY;
}

async function readRecords(
  taken: readonly { readonly lane: Lane; readonly id: string }[],
): Promise<JobRecord[]> {
  const jobs = await Promise.all(taken.map(({ lane, id }) => lane.queue.getJob(id)));
  return jobs.flatMap((job, at) => {
    const lane = taken[at]?.lane;
    // A job that is gone by now is undefined.
    return job === undefined || lane === undefined
      ? []
      : [toRecord(job, lane.queue.name as AnyQueueName, lane.state)];
  });
}

/**
 * Yields the entries of a lane that follow the last one. Of a lane of which nothing was read none is newer than `age`: it was
 * added since. Behind the last one the place decides, for the times of records are what their writers say.
 */
function walk(
  redis: Redis,
  lane: Lane,
  last: readonly [id: string, rank: number] | undefined,
  age = Number.POSITIVE_INFINITY,
): AsyncGenerator<Entry, void> {
  const { state } = lane;
  // BullMQ keeps these two states in lists (LPUSH), the others in sorted sets.
  return state === "waiting" || state === "active"
    ? walkList(redis, lane, last, age)
    : walkSet(redis, lane, last, age);
}

async function* walkSet(
  redis: Redis,
  lane: Lane,
  last: readonly [id: string, rank: number] | undefined,
  age: number,
): AsyncGenerator<Entry, void> {
  const isEnded = lane.state === "completed" || lane.state === "failed";
  // Ended jobs are sorted by their end, so that newer ones come before.
  const max = last?.[1] ?? (isEnded ? age : Number.POSITIVE_INFINITY);
  const from = Number.isFinite(max) ? String(max) : "+inf";
  for (let offset = 0; ; offset += chunk) {
    const key = lane.queue.toKey(lane.state);
    const range = await redis.zrevrangebyscore(key, from, "-inf", "WITHSCORES", "LIMIT", offset, chunk);
    const found = range.flatMap((id, at) => (at % 2 === 0 ? [{ id, rank: Number(range[at + 1]) }] : []));
    // Of equal scores the greater id comes first.
    const after = found.filter(({ id, rank }) => last === undefined || rank < last[1] || id < last[0]);
    for (const { createdAt, ...rest } of await readEntries(redis, lane, after, age)) {
      const entry = { ...rest, age: isEnded ? rest.rank : createdAt };
      if (last !== undefined || entry.age <= age) yield entry;
    }
    if (found.length < chunk) return;
  }
}

async function* walkList(
  redis: Redis,
  lane: Lane,
  last: readonly [id: string, rank: number] | undefined,
  age: number,
): AsyncGenerator<Entry, void> {
  const key = lane.queue.toKey(lane.state === "waiting" ? "wait" : lane.state);
  const place = last === undefined ? null : await redis.lpos(key, last[0]);
  // If the last job is gone from the list, those that are older follow.
  let isPast = last === undefined || place !== null;
  const seen = new Set<string>();
  for (let start = place === null ? 0 : place + 1; ; start += chunk) {
    const ids = await redis.lrange(key, start, start + chunk - 1);
    // Jobs that are added meanwhile shift the others.
    const found = ids.filter((id) => !seen.has(id)).map((id) => ({ id, rank: 0 }));
    for (const { id } of found) seen.add(id);
    for (const { createdAt, ...entry } of await readEntries(redis, lane, found, age)) {
      isPast ||= createdAt < (last?.[1] ?? 0);
      if (isPast && (place !== null || createdAt <= age)) yield { ...entry, rank: createdAt, age: createdAt };
    }
    if (ids.length < chunk) return;
  }
}

/** Reads the fields by which entries are sorted and chosen, without data or results. */
async function readEntries(
  redis: Redis,
  { queue }: Lane,
  found: readonly { readonly id: string; readonly rank: number }[],
  age: number,
): Promise<(Omit<Entry, "age"> & { readonly createdAt: number })[]> {
  if (found.length === 0) return [];
  const asked = redis.pipeline();
  for (const { id } of found) {
    const key = queue.toKey(id);
    asked.hmget(key, "timestamp", "name").hstrlen(key, "data").hstrlen(key, "returnvalue");
  }
  const answers = (await asked.exec())?.map(([error, answer]) => {
    if (error !== null && !isOtherKey(error)) throw error;
    return error === null ? answer : null;
  });
  /** A record that does not tell when it was made stands where its neighbour does. */
  let createdAt = Math.min(age, Date.now());
  return found.map(({ id, rank }, at) => {
    const [fields, data, result] = answers?.slice(at * 3, at * 3 + 3) ?? [];
    const [timestamp, name = null] = (fields ?? []) as (string | null)[];
    const told = Number(timestamp || Number.NaN);
    if (Number.isFinite(told)) createdAt = told;
    return { id, rank, createdAt, name, bytes: Number(data) + Number(result) };
  });
}
