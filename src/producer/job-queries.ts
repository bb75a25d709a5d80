// Reads what Redis holds of a graph's jobs: single records, pages, counts, logs, over all queues.
import { type AnyQueueName, type HostQueueName, type QueueName, queueNames } from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import type { GraphQueues } from "./graph-queues.js";
import { type JobFilter, matchesFilter } from "./job-filter.js";
import { type JobPage, type PageRequest, readPage } from "./job-pages.js";
import {
  type JobRecord,
  type JobState,
  jobStates,
  readJobRecord,
  readJobRecords,
  readNewestRecords,
} from "./job-records.js";

/** How many jobs of a queue are in each state. */
export type QueueCounts = Readonly<Record<JobState, number>>;

/** The counts of each queue; a host's own queues are there once they hold jobs. */
export type AllCounts = Readonly<Record<QueueName, QueueCounts>> & {
  readonly [queue: HostQueueName]: QueueCounts;
};

/** All throw `QUEUE_UNAVAILABLE` if Redis is not there. */
export interface JobQueries {
  /** A job's record, whichever queue it is in; undefined if there is none. */
  job(id: string): Promise<JobRecord | undefined>;
  /** The lines of a job's log, oldest first: `<RFC 3339 time> <text>`. Empty for a job that is not there. */
  log(id: string): Promise<string[]>;
  /** The record of a job of this queue; undefined if the queue has no such job, or the graph no such queue. */
  record(queue: string, id: string): Promise<JobRecord | undefined>;
  /** A page of the records of all queues, newest first. */
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

export function openJobQueries(connection: FailFastConnection, queues: GraphQueues): JobQueries {
  return {
    async job(id) {
      const found = await queues.find(id);
      return found && connection.attempt(() => readJobRecord(found.queue, id));
    },
    async log(id) {
      const found = await queues.find(id);
      return found === undefined
        ? []
        : connection.attempt(async () => (await found.queue.getJobLogs(id)).logs);
    },
    async record(name, id) {
      const queue = await queues.named(name);
      return queue && connection.attempt(() => readJobRecord(queues.of(queue), id));
    },
    async page(request) {
      const names = (await queues.names()).filter(
        (name) => request.queue === undefined || name === request.queue,
      );
      return connection.attempt(() =>
        readPage(
          connection.redis,
          names.map((name) => queues.of(name)),
          request,
        ),
      );
    },
    async *jobs(filter = {}) {
      const { queue: only, state } = filter;
      for (const queue of await queues.names()) {
        if (only !== undefined && only !== queue) continue;
        for (const wanted of state === undefined ? jobStates : [state]) {
          for await (const record of readJobRecords(connection, queues.of(queue), wanted)) {
            if (matchesFilter(record, filter)) yield record;
          }
        }
      }
    },
    async recent(state, count) {
      const ofQueues = await Promise.all(
        (await queues.names()).map((queue) =>
          connection.attempt(() => readNewestRecords(queues.of(queue), state, count)),
        ),
      );
      const age = ({ finishedAt, createdAt }: JobRecord) => finishedAt ?? createdAt;
      return ofQueues
        .flat()
        .sort((a, b) => age(b) - age(a))
        .slice(0, count);
    },
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
      const ofQueues = (await queues.names()).map(async (queue): Promise<[AnyQueueName, QueueCounts]> => {
        const counts = await connection.attempt(() => queues.of(queue).getJobCounts(...jobStates));
        const filled = Object.fromEntries(jobStates.map((state) => [state, counts[state] ?? 0]));
        return [queue, filled as QueueCounts];
      });
      const isShown = ([queue, counts]: [AnyQueueName, QueueCounts]) =>
        queueNames.some((shared) => shared === queue) || Object.values(counts).some((count) => count > 0);
      return Object.fromEntries((await Promise.all(ofQueues)).filter(isShown)) as unknown as AllCounts;
    },
  };
}
