// Pages of job records over all queues, the newest first. They are read by ranges: a queue is never loaded as a whole.
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { JobError } from "../jobs/index.js";
import { type JobFilter, matchesFilter, statesOfFilter } from "./job-filter.js";
import { type JobRecord, type KeptState, readRecords } from "./job-records.js";
import { scanJobs } from "./search/index.js";

/** Which jobs are wanted. */
export interface PageRequest extends JobFilter {
  /** How many at most: 1 to 10,000. */
  readonly limit: number;
  /** Where the previous page ended. Default: at the newest job. */
  readonly cursor?: PageCursor | undefined;
}

export interface JobPage {
  /** Fewer than were asked for only where the records are large, or there are no more. */
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
  /** The size of data and result as JSON. */
  readonly bytes: number;
}

/** The jobs of one queue in one state. */
interface Lane {
  readonly queue: Queue;
  readonly kept: KeptState;
  readonly name: string;
}

/** The entries of a lane that are still to come. */
interface Walk {
  readonly lane: Lane;
  readonly entries: AsyncGenerator<Entry, void>;
  head: IteratorResult<Entry, void>;
}

/** Entries that are read at a time. */
const chunk = 100;
/** The most jobs of a page. */
const mostJobs = 10_000;
/** The most that the data and results of a page may take, in bytes; a single record may be larger. */
const mostBytes = 8 * 1024 ** 2;

/**
 * Reads a page, sorted by when a job ended or, if it has not, was created; the newest first. A job that changes its state
 * while pages are read may be missing; none comes twice.
 * @throws `INVALID_OPTION` for a limit that is none
 */
export async function readPage(
  redis: Redis,
  queues: readonly Queue[],
  { limit, cursor, ...filter }: PageRequest,
): Promise<JobPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > mostJobs) {
    throw new JobError("INVALID_OPTION", `limit ${limit}: a page has 1 to ${mostJobs} jobs`);
  }
  const last = new Map(Object.entries(cursor?.last ?? {}));
  let age = cursor?.age ?? Number.POSITIVE_INFINITY;
  const lanes = queues.flatMap((queue) =>
    statesOfFilter(filter).map((kept): Lane => ({ queue, kept, name: `${kept}/${queue.name}` })),
  );
  const walks = await Promise.all(
    lanes.map(async (lane): Promise<Walk> => {
      const entries = walk(redis, lane, filter, Math.min(chunk, limit + 1), last.get(lane.name), age);
      return { lane, entries, head: await entries.next() };
    }),
  );
  const jobs: JobRecord[] = [];
  let bytes = 0;
  for (;;) {
    const taken: { lane: Lane; id: string }[] = [];
    let isLarge = false;
    for (let newest = newestOf(walks); newest !== undefined; newest = newestOf(walks)) {
      const { lane, head } = newest;
      const { id, rank, age: ageOfHead, bytes: size } = head.value as Entry;
      const count = jobs.length + taken.length;
      isLarge = count > 0 && bytes + size > mostBytes;
      if (count === limit || isLarge) break;
      taken.push({ lane, id });
      bytes += size;
      last.set(lane.name, [id, rank]);
      age = Math.min(age, ageOfHead);
      newest.head = await newest.entries.next();
    }
    // What was found may have gone, or be none of those that are meant.
    jobs.push(...(await readTaken(redis, taken)).filter((record) => matchesFilter(record, filter)));
    if (newestOf(walks) === undefined) return { jobs, next: undefined };
    if (jobs.length === limit || (isLarge && jobs.length > 0)) {
      return { jobs, next: { age, last: Object.fromEntries(last) } };
    }
    if (jobs.length === 0) bytes = 0;
  }
}

function newestOf(walks: readonly Walk[]): Walk | undefined {
  let newest: Walk | undefined;
  for (const one of walks)
    if (!one.head.done && (newest === undefined || ageOf(newest) < ageOf(one))) newest = one;
  return newest;
}

function ageOf({ head }: Walk): number {
  return head.value?.age ?? Number.NEGATIVE_INFINITY;
}

async function readTaken(
  redis: Redis,
  taken: readonly { readonly lane: Lane; readonly id: string }[],
): Promise<JobRecord[]> {
  const lanes = [...new Set(taken.map(({ lane }) => lane))];
  const read = await Promise.all(
    lanes.map(async (lane) => {
      const ids = taken.filter((one) => one.lane === lane).map(({ id }) => id);
      const records = await readRecords(redis, lane.queue, lane.kept, ids);
      return [lane, new Map(records.map((record) => [record.id, record]))] as const;
    }),
  );
  const byLane = new Map(read);
  // One that is gone by now has no record.
  return taken.flatMap(({ lane, id }) => byLane.get(lane)?.get(id) ?? []);
}

/**
 * Yields the entries of a lane that follow the last one, and may match the filter. Of a lane of which nothing was read none
 * is newer than `age`: it was added since. Behind the last one the place decides, for the times of records are what their
 * writers say.
 */
function walk(
  redis: Redis,
  lane: Lane,
  filter: JobFilter,
  most: number,
  last: readonly [id: string, rank: number] | undefined,
  age: number,
): AsyncGenerator<Entry, void> {
  // BullMQ keeps these two states in lists (LPUSH), the others in sorted sets.
  return lane.kept === "waiting" || lane.kept === "active"
    ? walkList(redis, lane, filter, most, last, age)
    : walkSet(redis, lane, filter, most, last, age);
}

async function* walkSet(
  redis: Redis,
  { queue, kept }: Lane,
  filter: JobFilter,
  most: number,
  last: readonly [id: string, rank: number] | undefined,
  age: number,
): AsyncGenerator<Entry, void> {
  // Ended jobs are sorted by their end, so that newer ones come before.
  const isEnded = kept === "completed" || kept === "failed";
  const highest = isEnded ? Math.min(age, (filter.before ?? Number.POSITIVE_INFINITY) - 1) : age;
  const start =
    last !== undefined
      ? { id: last[0], score: last[1] }
      : isEnded && Number.isFinite(highest)
        ? { highest }
        : undefined;
  const timeOf = timesOf(age);
  for await (const found of scanJobs(redis, queue, kept, filter, most, start)) {
    for (const { id, score, createdAt, bytes } of found) {
      const entry = { id, rank: score, age: isEnded ? score : timeOf(createdAt), bytes };
      if (isEnded && score < (filter.since ?? Number.NEGATIVE_INFINITY)) return;
      if (last !== undefined || entry.age <= age) yield entry;
    }
  }
}

async function* walkList(
  redis: Redis,
  { queue, kept }: Lane,
  filter: JobFilter,
  most: number,
  last: readonly [id: string, rank: number] | undefined,
  age: number,
): AsyncGenerator<Entry, void> {
  const key = queue.toKey(kept === "waiting" ? "wait" : kept);
  const isThere = last !== undefined && (await redis.lpos(key, last[0])) !== null;
  // If the last job is gone from the list, those that are older follow.
  let isPast = last === undefined || isThere;
  const seen = new Set<string>();
  const timeOf = timesOf(age);
  const start = isThere ? { id: last[0], score: 0 } : undefined;
  for await (const found of scanJobs(redis, queue, kept, filter, most, start)) {
    for (const { id, createdAt, bytes } of found) {
      // Jobs that are added meanwhile shift the others.
      if (seen.has(id)) continue;
      seen.add(id);
      const time = timeOf(createdAt);
      isPast ||= time < (last?.[1] ?? 0);
      if (isPast && (isThere || time <= age)) yield { id, rank: time, age: time, bytes };
    }
  }
}

/** A record that does not tell when it was made stands where its neighbour does. */
function timesOf(age: number): (createdAt: number | undefined) => number {
  let neighbour = Math.min(age, Date.now());
  return (createdAt = neighbour) => {
    neighbour = createdAt;
    return createdAt;
  };
}
