// Enqueues jobs and tells what becomes of them: all that a producer is, put together. No native code of ours, no graph.
import type { Telemetry } from "bullmq";
import { type AnyQueueName, JobError, keyPrefix, noJob, type WorkerStatus } from "../jobs/index.js";
import { connectFailFast, readClockSkew, readServerFacts, type ServerFacts } from "../redis/index.js";
import { defaultGraphName, graphNamePattern, invalidGraphName } from "../terms/index.js";
import { countNotifications, type NotificationCounts } from "./callbacks/index.js";
import { cancelJob } from "./cancel.js";
import { type Compressors, readCompressors } from "./compressors.js";
import { type EnqueuedJob, type Enqueuing, openEnqueuing } from "./enqueue.js";
import { type JobStreams, openJobStreams } from "./events/index.js";
import { openGraphQueues } from "./graph-queues.js";
import { type InQueue, type JobQueries, openJobQueries } from "./job-queries.js";
import { type Operations, openOperations } from "./operate/index.js";
import { mergeExpositions, withCancelled } from "./prometheus.js";
import { openSchedules, type Schedules } from "./schedules/index.js";
import { openCancelledCounts } from "./search/index.js";
import { readWorkerStatuses } from "./worker-statuses.js";

export interface ProducerOptions {
  /** Any of the forms of docs/redis.md: `redis://`, `rediss+cluster://`, `redis+sentinel://` … */
  readonly redis: string;
  /** The name the graph is served under. Default `default`. */
  readonly graph?: string;
  /** The data of a job as JSON, in bytes. Default: 4 MiB, and 80 MiB for the ids of a batch. */
  readonly maxJobBytes?: number | undefined;
  /** Makes each enqueued job part of the present trace: `new BullMQOtel(…)` of `bullmq-otel`, or `telemetryIfAsked()`. */
  readonly telemetry?: Telemetry | undefined;
  /** @internal For tests: how often the records of jobs are looked for that somebody waits for, in ms. */
  readonly goneInterval?: number | undefined;
}

/**
 * A producer. Every call fails with `QUEUE_UNAVAILABLE` within seconds if Redis is not there, and works
 * again when it is back.
 */
export interface Producer extends Enqueuing, JobStreams, JobQueries, Operations, Schedules {
  /** The hosts that have queues of their own, sorted: a worker of theirs has served, or a job was enqueued for them. */
  hosts(): Promise<string[]>;
  /**
   * Ends a job wherever it is, a batch with its children: it fails with `CANCELLED`. Waits for that, ten seconds at most.
   * @returns whether it has ended; false while its worker does not answer
   * @throws `INVALID_JOB` for a job that is not there or has ended before, other than by being cancelled; `AMBIGUOUS_ID` if
   * several queues have a job of this id, and none is named
   */
  cancel(id: string, options?: InQueue): Promise<boolean>;
  /** Removes a job that no worker has begun. Returns false if one has, or the job is gone. */
  withdraw(job: EnqueuedJob): Promise<boolean>;
  /** How many workers serve a queue of this graph now. */
  workers(queue: AnyQueueName): Promise<number>;
  /** What the workers of this graph report of themselves, those that have done so within 20 s, by their ids. */
  workerStatuses(): Promise<WorkerStatus[]>;
  /** What the compressors that serve this graph report of themselves, and how many blocks there are for them. */
  compressors(): Promise<Compressors>;
  /** How many callbacks and notifications there are. */
  notifications(): Promise<NotificationCounts>;
  /** Makes sure that Redis answers and takes writes. @throws `QUEUE_UNAVAILABLE` if it does not */
  assertWritable(): Promise<void>;
  /** What the settings of the Redis server mean for the queue. @throws `QUEUE_UNAVAILABLE`, also if the user may not ask */
  redisServer(): Promise<ServerFacts & { readonly clockSkewMs: number | undefined }>;
  /** What BullMQ counts of all queues, as a page that Prometheus reads (its text format 0.0.4). */
  prometheus(): Promise<string>;
  close(): Promise<void>;
}

/**
 * Opens a producer; connects in the background.
 * @throws `INVALID_OPTION` for a URL, one of its files, or a graph's name that is not valid
 */
export function openProducer(options: ProducerOptions): Producer {
  const { redis: url, graph = defaultGraphName, maxJobBytes, telemetry, goneInterval } = options;
  if (!graphNamePattern.test(graph)) {
    throw new JobError("INVALID_OPTION", invalidGraphName(graph));
  }
  const connection = connectFailFast(url, keyPrefix(graph));
  const queues = openGraphQueues(connection, graph, telemetry);
  const countCancelled = openCancelledCounts(connection.redis);
  const { close: closeStreams, ...streams } = openJobStreams(connection, url, graph, queues, goneInterval);
  const queries = openJobQueries(connection, queues, countCancelled);

  return {
    ...openEnqueuing(connection, queues, graph, maxJobBytes),
    ...streams,
    ...queries,
    ...openOperations(connection, queues, graph, queries.jobs),
    ...openSchedules(connection, queues, graph, maxJobBytes),
    hosts: () => queues.hosts(),
    async cancel(id, options) {
      const found = await queues.find(id, options?.queue);
      if (found !== undefined) {
        const access = { queue: found.queue, redis: connection.redis, graphName: graph };
        return connection.attempt(() => cancelJob(found.job, access));
      }
      throw new JobError("INVALID_JOB", noJob(id, options?.queue), { jobId: id });
    },
    withdraw: ({ id, queue }) =>
      connection.attempt(async () => {
        const state = await queues.of(queue).getJobState(id);
        if (!["waiting", "delayed", "prioritized"].includes(state)) return false;
        // 0 is for a job that a worker holds by now.
        return (await queues.of(queue).remove(id)) === 1;
      }),
    workers: (queue) => connection.attempt(() => queues.of(queue).getWorkersCount()),
    workerStatuses: () => connection.attempt(() => readWorkerStatuses(connection.redis, graph)),
    compressors: () => connection.attempt(() => readCompressors(connection.redis, graph)),
    notifications: () => connection.attempt(() => countNotifications(connection.redis, graph)),
    async assertWritable() {
      // A write that needs memory. It has to change something: Redis is asked for no more than a moment's memory.
      await connection.attempt(() => connection.redis.set(`${keyPrefix(graph)}:writable`, "1", "PX", 1_000));
    },
    redisServer: () =>
      connection.attempt(async () => ({
        ...(await readServerFacts(connection.redis)),
        clockSkewMs: await readClockSkew(connection.redis),
      })),
    async prometheus() {
      const names = await queues.names();
      const pages = await Promise.all(
        names.map(async (name) => {
          const cancelled = connection.attempt(() => countCancelled(queues.of(name)));
          const page = connection.attempt(() => queues.of(name).exportPrometheusMetrics());
          return withCancelled(await page, await cancelled);
        }),
      );
      return mergeExpositions(pages);
    },
    async close() {
      await closeStreams();
      connection.close();
      await queues.close();
    },
  };
}
