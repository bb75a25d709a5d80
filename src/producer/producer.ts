// Enqueues jobs and tells what becomes of them. The whole of a producer: no native code, no graph.
import { randomUUID } from "node:crypto";
import type { Telemetry } from "bullmq";
import {
  type AnyQueueName,
  assertJobSize,
  type CheckedJobData,
  deduplicationId,
  defaultGraphName,
  graphNamePattern,
  type HostQueueName,
  isJobId,
  type JobData,
  JobError,
  type JobName,
  type JobResult,
  keyPrefix,
  parseJobData,
  type QueueName,
  queueNames,
  queueOf,
  type WorkerStatus,
} from "../jobs/index.js";
import { connectFailFast } from "../redis/index.js";
import { cancelJob } from "./cancel.js";
import { enqueueOnce } from "./enqueue-once.js";
import {
  followJob,
  type Interest,
  type JobEvents,
  type JobUpdate,
  openEventStream,
  openJobEvents,
  openJobWatches,
  type QueueEvent,
  type WatchJob,
} from "./events/index.js";
import { openGraphQueues } from "./graph-queues.js";
import { type JobPage, type PageRequest, readPage } from "./job-pages.js";
import {
  type JobRecord,
  type JobState,
  jobStates,
  readJobRecord,
  readJobRecords,
  readNewestRecords,
} from "./job-records.js";
import { mergeExpositions } from "./prometheus.js";
import { openSchedules, type Schedules } from "./schedules.js";
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
}

/** A job that stands in its queue. */
export interface EnqueuedJob<Name extends JobName = JobName> {
  readonly id: string;
  readonly name: Name;
  readonly queue: AnyQueueName;
}

/** How many jobs of a queue are in each state. */
export type QueueCounts = Readonly<Record<JobState, number>>;

/** Those of each queue; a host's own queues are there once they hold jobs. */
export type AllCounts = Readonly<Record<QueueName, QueueCounts>> & {
  readonly [queue: HostQueueName]: QueueCounts;
};

/** A job to enqueue. `jobId` makes a repeat harmless: a job of that id is not added twice. */
export type NewJob<Name extends JobName = JobName> = Name extends JobName
  ? { readonly name: Name; readonly data: JobData<Name>; readonly jobId?: string }
  : never;

/**
 * A producer. Every call fails with `QUEUE_UNAVAILABLE` within seconds if Redis is not there, and works
 * again when it is back.
 */
export interface Producer extends Schedules {
  /**
   * Enqueues a job, checked against the contract first; one whose data names a `host` on that host's own queue, where it
   * waits for a worker of that host. A `checksum` or `verify` that already waits or runs is joined:
   * the job returned is then that one.
   * @throws `INVALID_JOB`, `INVALID_ID`, `UNKNOWN_RECIPE`, `LIMIT_EXCEEDED`, `QUEUE_UNAVAILABLE`
   */
  enqueue<Name extends JobName>(
    name: Name,
    data: JobData<Name>,
    options?: { readonly jobId?: string | undefined },
  ): Promise<EnqueuedJob<Name>>;
  /**
   * The same under a key that the caller made up, of any length: a repeat with the same key and the same data brings the
   * job that the first brought, whether it has ended or not, as long as its record is kept.
   * @throws `INVALID_JOB` for a key that was used for another job
   */
  enqueueOnce<Name extends JobName>(key: string, name: Name, data: JobData<Name>): Promise<EnqueuedJob<Name>>;
  /** Enqueues many jobs in few round trips: none if one of them breaks the contract. In the order given. */
  enqueueAll(jobs: readonly NewJob[]): Promise<EnqueuedJob[]>;
  /**
   * Waits for a job to end and returns its result.
   * @throws the job's own error by its code; `QUEUE_UNAVAILABLE`; `CANCELLED` if the signal aborts (the job
   * goes on)
   */
  wait<Name extends JobName>(job: EnqueuedJob<Name>, signal?: AbortSignal): Promise<JobResult<Name>>;
  /** A job's states and progress as they come, from the present one to `completed` or `failed`. */
  follow(job: EnqueuedJob, signal?: AbortSignal): AsyncGenerator<JobUpdate, void>;
  /** A job's record, whichever queue it is in; undefined if there is none. */
  job(id: string): Promise<JobRecord | undefined>;
  /** The lines of a job's log, oldest first: `<RFC 3339 time> <text>`. None of a job that is not there. */
  log(id: string): Promise<string[]>;
  /** The record of a job of this queue; undefined if it has none of this id, or the graph has no such queue. */
  record(queue: string, id: string): Promise<JobRecord | undefined>;
  /** A page of the records of all queues, newest first. */
  page(request: PageRequest): Promise<JobPage>;
  /** Watches a job for a client, which may have heard a part of what happened. */
  readonly watch: WatchJob;
  /** The records of all queues, of one state or of all, oldest first within a queue and state. */
  jobs(state?: JobState): AsyncGenerator<JobRecord>;
  /** The newest records of one state over all queues, at most `count` of them, the newest first. */
  recent(state: JobState, count: number): Promise<JobRecord[]>;
  /** How many jobs of each state every queue holds. */
  counts(): Promise<AllCounts>;
  /** The hosts that have queues of their own, sorted: a worker of theirs has served, or a job was enqueued for them. */
  hosts(): Promise<string[]>;
  /**
   * Hears of all jobs of all queues. Once this resolves nothing is missed; each turn then yields all that has
   * happened since the last one. Unlike `follow` it outlives an outage: that is an event of its own, and when
   * Redis is back the events go on where they stood. Ends when the signal aborts.
   * @throws `QUEUE_UNAVAILABLE` if Redis is not there to begin with
   */
  events(signal?: AbortSignal): Promise<AsyncGenerator<readonly QueueEvent[], void>>;
  /**
   * Ends a job wherever it is, a batch with its children: it fails with `CANCELLED`. Waits for that, ten seconds at most.
   * @returns whether it has ended; false while its worker does not answer
   * @throws `INVALID_JOB` for a job that is not there or has ended before, other than by being cancelled
   */
  cancel(id: string): Promise<boolean>;
  /** Takes a job back that no worker has begun. Returns false if one has, or it is gone. */
  withdraw(job: EnqueuedJob): Promise<boolean>;
  /** How many workers serve a queue of this graph now. */
  workers(queue: AnyQueueName): Promise<number>;
  /** What the workers of this graph tell of themselves, those that have done so within 20 s, by their ids. */
  workerStatuses(): Promise<WorkerStatus[]>;
  /** What BullMQ counts of all queues, as a page that Prometheus reads (its text format 0.0.4). */
  prometheus(): Promise<string>;
  close(): Promise<void>;
}

/** How many jobs go to Redis in one round trip. */
const bulk = 1_000;
/** How often somebody who hears of all jobs looks whether there are new hosts, in ms. */
const hostsInterval = 1_000;

/**
 * Opens a producer; connects in the background.
 * @throws `QUEUE_UNAVAILABLE` for a URL that is none, `INVALID_JOB` for a graph name that is none.
 */
export function openProducer(options: ProducerOptions): Producer {
  const { redis: url, graph = defaultGraphName, maxJobBytes, telemetry } = options;
  if (!graphNamePattern.test(graph)) {
    throw new JobError("INVALID_JOB", `${JSON.stringify(graph)} is no name for a graph`);
  }
  const connection = connectFailFast(url, keyPrefix(graph));
  const queues = openGraphQueues(connection, graph, telemetry);

  const opened = new Map<AnyQueueName, Promise<JobEvents>>();
  const eventsOf = (queue: AnyQueueName, from?: "beginning") => {
    let events = opened.get(queue);
    if (events === undefined) {
      events = openJobEvents(connection, url, graph, queue, from);
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

  async function* follow(job: EnqueuedJob, signal?: AbortSignal): AsyncGenerator<JobUpdate, void> {
    const record = () => connection.attempt(() => readJobRecord(queues.of(job.queue), job.id));
    yield* followJob(job.id, { events: await eventsOf(job.queue), record, register }, signal);
  }

  /** Hands over the events of hosts that come up, from their beginning, for nothing of them was heard before. */
  const watchForHosts = (known: Set<AnyQueueName>, add: (source: JobEvents) => void) => {
    const look = async () => {
      for (const name of await queues.names()) {
        if (known.has(name)) continue;
        known.add(name);
        await eventsOf(name, "beginning").then(add, () => known.delete(name));
      }
    };
    const timer = setInterval(() => void look().catch(() => undefined), hostsInterval);
    return () => clearInterval(timer);
  };

  const toQueueJob = ({ name, data, jobId = randomUUID() }: NewJob) => {
    if (!isJobId(jobId)) {
      throw new JobError(
        "INVALID_JOB",
        `${JSON.stringify(jobId)} is no job id: use A-Z a-z 0-9 _ . -, not only digits and no word of BullMQ's own`,
      );
    }
    const checked = parseJobData(name, data);
    assertJobSize(name, checked, maxJobBytes);
    const joined = deduplicationId(name, checked);
    return {
      name,
      queue: queueOf(name, checked),
      data: checked,
      opts: { jobId, ...(joined === undefined ? {} : { deduplication: { id: joined } }) },
    };
  };

  const enqueue = async (job: NewJob): Promise<EnqueuedJob> => {
    const { name, queue, data, opts } = toQueueJob(job);
    await queues.announce(queue);
    const added = await connection.attempt(() => queues.of(queue).add(name, data, opts));
    return { id: added.id ?? opts.jobId, name, queue };
  };

  /** The queue of this name, if the graph has it. */
  const findQueue = async (name: string): Promise<AnyQueueName | undefined> =>
    queueNames.find((shared) => shared === name) ?? (await queues.names()).find((known) => known === name);

  const enqueueAll = async (jobs: readonly NewJob[]): Promise<EnqueuedJob[]> => {
    const checked = jobs.map(toQueueJob);
    const enqueued: EnqueuedJob[] = new Array(jobs.length);
    const byQueue = new Map<AnyQueueName, { job: (typeof checked)[number]; at: number }[]>();
    for (const [at, job] of checked.entries()) {
      const ofQueue = byQueue.get(job.queue);
      if (ofQueue === undefined) byQueue.set(job.queue, [{ job, at }]);
      else ofQueue.push({ job, at });
    }
    const enqueueOn = async ([queue, ofQueue]: Parameters<typeof byQueue.set>) => {
      await queues.announce(queue);
      for (let start = 0; start < ofQueue.length; start += bulk) {
        const chunk = ofQueue.slice(start, start + bulk);
        const added = await connection.attempt(() =>
          queues.of(queue).addBulk(chunk.map(({ job: { queue: _, ...job } }) => job)),
        );
        for (const [index, { job, at }] of chunk.entries()) {
          enqueued[at] = { id: added[index]?.id ?? job.opts.jobId, name: job.name, queue };
        }
      }
    };
    await Promise.all([...byQueue].map(enqueueOn));
    return enqueued;
  };

  return {
    async enqueue<Name extends JobName>(
      name: Name,
      data: JobData<Name>,
      { jobId }: { readonly jobId?: string | undefined } = {},
    ) {
      const job = { name, data, ...(jobId === undefined ? {} : { jobId }) } as NewJob;
      return { ...(await enqueue(job)), name };
    },
    async enqueueOnce(key, name, data) {
      const { data: checked, queue } = toQueueJob({ name, data } as NewJob);
      const id = await connection.attempt(() =>
        enqueueOnce(key, name, checked as CheckedJobData<typeof name>, {
          ...{ redis: connection.redis, graphName: graph },
          has: async (jobId) => (await connection.redis.exists(queues.of(queue).toKey(jobId))) === 1,
          enqueue: async (jobId) => (await enqueue({ name, data, jobId } as NewJob)).id,
        }),
      );
      return { id, name, queue };
    },
    enqueueAll,
    async wait<Name extends JobName>(job: EnqueuedJob<Name>, signal?: AbortSignal) {
      for await (const { state, result, error } of follow(job, signal)) {
        if (state === "completed") return result as JobResult<Name>;
        if (error !== undefined) throw new JobError(error.code, error.message, { jobId: job.id });
      }
      throw new JobError("INTERNAL", `job ${job.id} ended without a result`, { jobId: job.id });
    },
    follow,
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
      const queue = await findQueue(name);
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
    watch: openJobWatches(connection, queues, findQueue, eventsOf, register),
    async *jobs(state) {
      for (const queue of await queues.names()) {
        for (const wanted of state === undefined ? jobStates : [state]) {
          await connection.attempt(async () => undefined);
          yield* readJobRecords(queues.of(queue), wanted);
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
    async counts() {
      const ofQueues = (await queues.names()).map(async (queue) => {
        const counts = await connection.attempt(() => queues.of(queue).getJobCounts(...jobStates));
        return [queue, Object.fromEntries(jobStates.map((state) => [state, counts[state] ?? 0]))] as const;
      });
      const isShown = ([queue, counts]: Awaited<(typeof ofQueues)[number]>) =>
        queueNames.some((shared) => shared === queue) || Object.values(counts).some((count) => count > 0);
      return Object.fromEntries((await Promise.all(ofQueues)).filter(isShown)) as unknown as AllCounts;
    },
    hosts: () => queues.hosts(),
    async events(signal) {
      const names = await queues.names();
      const sources = await Promise.all(names.map((name) => eventsOf(name)));
      return openEventStream(sources, register, (add) => watchForHosts(new Set(names), add), signal);
    },
    async cancel(id) {
      const found = await queues.find(id);
      if (found !== undefined) {
        const access = { queue: found.queue, redis: connection.redis, url, graphName: graph };
        return connection.attempt(() => cancelJob(found.job, access));
      }
      throw new JobError("INVALID_JOB", `there is no job ${JSON.stringify(id)}`, { jobId: id });
    },
    withdraw: ({ id, queue }) =>
      connection.attempt(async () => {
        const state = await queues.of(queue).getJobState(id);
        if (!["waiting", "delayed", "prioritized"].includes(state)) return false;
        // 0 is for a job that a worker holds by now.
        return (await queues.of(queue).remove(id)) === 1;
      }),
    ...openSchedules(connection, queues, graph, maxJobBytes),
    workers: (queue) => connection.attempt(() => queues.of(queue).getWorkersCount()),
    workerStatuses: () => connection.attempt(() => readWorkerStatuses(connection.redis, graph)),
    async prometheus() {
      const names = await queues.names();
      const pages = await Promise.all(
        names.map((name) => connection.attempt(() => queues.of(name).exportPrometheusMetrics())),
      );
      return mergeExpositions(pages);
    },
    async close() {
      await Promise.allSettled([...opened.values()].map(async (events) => (await events).close()));
      connection.close();
      await queues.close();
    },
  };
}
