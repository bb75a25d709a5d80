// Reads what Redis holds of a graph's jobs: single records, pages, counts, logs, over all queues.
import { type AnyQueueName, type HostQueueName, type QueueName, queueNames } from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import type { GraphQueues } from "./graph-queues.js";
import { type JobFilter, matchesFilter, statesOfFilter } from "./job-filter.js";
import { type JobPage, type PageRequest, readPage } from "./job-pages.js";
import {
  type JobRecord,
  type JobState,
  jobStates,
  keptStates,
  readJobRecord,
  readJobRecords,
  readRecords,
} from "./job-records.js";
import {
  type ChildCounts,
  type CountCancelled,
  countChildren,
  findIds,
  scanJobs,
  siftIds,
} from "./search/index.js";

/** How many ids are told that begin alike. */
const mostAlike = 20;

/** How many jobs of a queue are in each state. */
export type QueueCounts = Readonly<Record<JobState, number>>;

/** The counts of each queue; a host's own queues are there once they hold jobs. */
export type AllCounts = Readonly<Record<QueueName, QueueCounts>> & {
  readonly [queue: HostQueueName]: QueueCounts;
};

/** Which of the queues a job is in, where several have one of its id. */
export interface InQueue {
  readonly queue?: string | undefined;
}

/**
 * All throw `QUEUE_UNAVAILABLE` if Redis is not there; what takes the id of a job alone throws `AMBIGUOUS_ID` if several
 * queues have one.
 */
export interface JobQueries {
  /** A job's record, whichever queue it is in; undefined if there is none. */
  job(id: string, options?: InQueue): Promise<JobRecord | undefined>;
  /**
   * The ids of jobs that begin like this, the children of batches left out, at most twenty. It looks through the ids of
   * all jobs.
   */
  idsBeginningWith(start: string, options?: InQueue): Promise<string[]>;
  /** The lines of a job's log, oldest first: `<RFC 3339 time> <text>`. Empty for a job that is not there. */
  log(id: string, options?: InQueue): Promise<string[]>;
  /** How many children a batch has, and how far they are; undefined for a job that is not there. */
  children(id: string, options?: InQueue): Promise<ChildCounts | undefined>;
  /** The record of a job of this queue; undefined if the queue has no such job, or the graph no such queue. */
  record(queue: string, id: string): Promise<JobRecord | undefined>;
  /** The records of all jobs of this id: several queues may have one. */
  withId(id: string): Promise<JobRecord[]>;
  /**
   * The newest jobs that name an image by its id, at most `count`. Only the newest 5,000 of each queue and state are looked
   * at, so that a long history costs no more than a short one.
   */
  latestAbout(image: string, count: number): Promise<JobRecord[]>;
  /** A page of the records of all queues that are meant, newest first. @throws `INVALID_OPTION` for a wrong limit */
  page(request: PageRequest): Promise<JobPage>;
  /**
   * The records of all queues, oldest first within a queue and state. Those that are removed meanwhile may be missing; no
   * others are.
   */
  jobs(filter?: JobFilter): AsyncGenerator<JobRecord>;
  /** The newest records of one state over all queues, at most `count` of them, the newest first. */
  recent(state: JobState, count: number): Promise<JobRecord[]>;
  /** How many jobs of each state every queue holds. */
  counts(): Promise<AllCounts>;
  /** The queues that are paused: workers take none of their jobs up until they are resumed. */
  paused(): Promise<AnyQueueName[]>;
}

export function openJobQueries(
  connection: FailFastConnection,
  queues: GraphQueues,
  countCancelled: CountCancelled,
): JobQueries {
  const page = async (request: PageRequest) => {
    const names = (await queues.names()).filter(
      (name) => request.queue === undefined || name === request.queue,
    );
    const asked = names.map((name) => queues.of(name));
    return connection.attempt(() => readPage(connection.redis, asked, request));
  };
  const countsOf = async (queue: AnyQueueName): Promise<QueueCounts> => {
    const [counts, cancelled] = await connection.attempt(() =>
      Promise.all([queues.of(queue).getJobCounts(...keptStates), countCancelled(queues.of(queue))]),
    );
    const { failed = 0 } = counts;
    const told = { ...counts, cancelled, failed: Math.max(0, failed - cancelled) };
    return Object.fromEntries(
      jobStates.map((state) => [state, (told as Partial<QueueCounts>)[state] ?? 0]),
    ) as QueueCounts;
  };

  return {
    async job(id, options) {
      const found = await queues.find(id, options?.queue);
      return found && connection.attempt(() => readJobRecord(connection.redis, found.queue, id));
    },
    async idsBeginningWith(start, options) {
      const found: string[] = [];
      for (const name of await queues.names()) {
        if (options?.queue !== undefined && options.queue !== name) continue;
        const ids = await connection.attempt(() => findIds(connection.redis, queues.of(name), start));
        found.push(...ids);
      }
      return [...new Set(found)].slice(0, mostAlike);
    },
    async children(id, options) {
      const found = await queues.find(id, options?.queue);
      if (found === undefined) return undefined;
      return connection.attempt(() => countChildren(connection.redis, found.queue, found.job));
    },
    async log(id, options) {
      const found = await queues.find(id, options?.queue);
      return found === undefined
        ? []
        : connection.attempt(async () => (await found.queue.getJobLogs(id)).logs);
    },
    async record(name, id) {
      const queue = await queues.named(name);
      return queue && connection.attempt(() => readJobRecord(connection.redis, queues.of(queue), id));
    },
    async withId(id) {
      const names = await queues.holding(id);
      const read = (name: AnyQueueName) => readJobRecord(connection.redis, queues.of(name), id);
      const records = await connection.attempt(() => Promise.all(names.map(read)));
      return records.filter((record) => record !== undefined);
    },
    async latestAbout(image, count) {
      const filter = { image };
      const lanes = (await queues.names()).flatMap((name) =>
        keptStates.map((kept) => ({ queue: queues.of(name), kept })),
      );
      const read = async ({ queue, kept }: (typeof lanes)[number]) => {
        const found = await scanJobs(connection.redis, queue, kept, filter, count, undefined).next();
        const ids = (found.value ?? []).map(({ id }) => id);
        return ids.length === 0 ? [] : readRecords(connection.redis, queue, kept, ids);
      };
      const records = (await connection.attempt(() => Promise.all(lanes.map(read)))).flat();
      return records
        .filter((record) => matchesFilter(record, filter))
        .sort((one, other) => ageOf(other) - ageOf(one))
        .slice(0, count);
    },
    page,
    async *jobs(filter = {}) {
      for (const name of await queues.names()) {
        if (filter.queue !== undefined && filter.queue !== name) continue;
        const queue = queues.of(name);
        for (const kept of statesOfFilter(filter)) {
          const sift = (ids: readonly string[]) => siftIds(connection.redis, queue, kept, filter, ids);
          for await (const record of readJobRecords(connection, queue, kept, sift)) {
            if (matchesFilter(record, filter)) yield record;
          }
        }
      }
    },
    recent: async (state, count) => (count < 1 ? [] : [...(await page({ state, limit: count })).jobs]),
    async paused() {
      const names = await queues.names();
      const answers = await connection.attempt(() => {
        const asked = connection.redis.pipeline();
        for (const name of names) asked.hexists(queues.of(name).toKey("meta"), "paused");
        return asked.exec();
      });
      return names.filter((_, at) => answers?.[at]?.[1] === 1);
    },
    async counts() {
      const names = await queues.names();
      const counted = await Promise.all(names.map(async (name) => [name, await countsOf(name)] as const));
      const isShown = ([name, counts]: readonly [AnyQueueName, QueueCounts]) =>
        queueNames.some((shared) => shared === name) || Object.values(counts).some((count) => count > 0);
      return Object.fromEntries(counted.filter(isShown)) as unknown as AllCounts;
    },
  };
}

/** When a job ended, or else was created. */
function ageOf({ finishedAt, createdAt }: JobRecord): number {
  return finishedAt ?? createdAt;
}
