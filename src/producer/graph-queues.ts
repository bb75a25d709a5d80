// The queues of a graph as a producer sees them: those that all hosts share, and those of single hosts, which may
// become more at any time.
import { type Job, Queue, type Telemetry } from "bullmq";
import {
  type AnyQueueName,
  hostsKey,
  JobError,
  keyPrefix,
  queueNames,
  queuesOfHost,
  retention,
  splitQueueName,
} from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
import { quote } from "../terms/index.js";
import { leanRecords } from "./lean-records.js";
import { guardQueue, stands } from "./unreadable/index.js";

export interface GraphQueues {
  of(name: AnyQueueName): Queue;
  /** To be called before a job goes to a queue, so that `names` has the queues of a host that is new. */
  announce(name: AnyQueueName): Promise<void>;
  /** The hosts that have queues, sorted. */
  hosts(): Promise<string[]>;
  /** The names of all queues, the shared ones first. */
  names(): Promise<AnyQueueName[]>;
  /** The queue of this name, if the graph has it. */
  named(name: string): Promise<AnyQueueName | undefined>;
  /**
   * A job of this queue, or else of the one queue that has it.
   * @throws `AMBIGUOUS_ID` if several have one of this id, as BullMQ's own numbers are
   */
  find(id: string, queue?: string): Promise<{ readonly job: Job; readonly queue: Queue } | undefined>;
  /** All queues that have a readable job of this id, in one round trip. */
  holding(id: string): Promise<AnyQueueName[]>;
  close(): Promise<void>;
}

/** What BullMQ heeds where a job is failed by a queue instead of a worker. Its types have it for workers alone. */
const keptRecords = { removeOnComplete: retention.completed, removeOnFail: retention.failed } as object;

/** All throw `QUEUE_UNAVAILABLE` as the connection does. */
export function openGraphQueues(
  connection: FailFastConnection,
  graphName: string,
  telemetry: Telemetry | undefined,
): GraphQueues {
  const prefix = keyPrefix(graphName);
  const opened = new Map<AnyQueueName, Queue>();
  const announced = new Set<string>();

  const of = (name: AnyQueueName): Queue => {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, {
      connection: connection.redis,
      prefix,
      ...(telemetry === undefined ? {} : { telemetry }),
      ...keptRecords,
    });
    guardQueue(leanRecords(queue), connection.redis).on("error", () => undefined);
    opened.set(name, queue);
    // BullMQ: a queue that loses its connection while it is opened never works. The next call opens another.
    queue.waitUntilReady().catch(() => {
      if (opened.get(name) === queue) opened.delete(name);
    });
    return queue;
  };
  for (const name of queueNames) of(name);

  const hosts = async () =>
    (await connection.attempt(() => connection.redis.smembers(hostsKey(graphName)))).sort();
  const names = async (): Promise<AnyQueueName[]> => [
    ...queueNames,
    ...(await hosts()).flatMap(queuesOfHost),
  ];

  /** The queues that have a job whose record is gone, or was never one. */
  const standing = async (id: string, all: readonly AnyQueueName[]) => {
    const found = await connection.attempt(() =>
      Promise.all(all.map((name) => stands(connection.redis, of(name), id))),
    );
    return all.filter((_, at) => found[at]);
  };
  const recorded = async (id: string, all: readonly AnyQueueName[]) => {
    // In one round trip: there are two queues for each host.
    const found = await connection.attempt(async () => {
      const asked = connection.redis.pipeline();
      // A queue's own keys and those of schedules are formed alike, but only jobs have this field.
      for (const name of all) asked.hexists(of(name).toKey(id), "timestamp");
      return asked.exec();
    });
    return all.filter((_, at) => found?.[at]?.[1] === 1);
  };
  const having = async (id: string, all: readonly AnyQueueName[]) => {
    const found = await recorded(id, all);
    return found.length > 0 ? found : standing(id, all);
  };

  return {
    of,
    async announce(name) {
      const { host } = splitQueueName(name);
      if (host === undefined || announced.has(host)) return;
      await connection.attempt(() => connection.redis.sadd(hostsKey(graphName), host));
      announced.add(host);
    },
    hosts,
    names,
    named: async (name) =>
      queueNames.find((shared) => shared === name) ?? (await names()).find((known) => known === name),
    async find(id, queue) {
      const all = (await names()).filter((name) => queue === undefined || name === queue);
      const [name, ...others] = await having(id, all);
      if (name === undefined) return undefined;
      if (others.length > 0) {
        throw new JobError(
          "AMBIGUOUS_ID",
          `several queues have a job ${quote(id)}: ${[name, ...others].join(", ")}; say which queue is meant (--queue)`,
          { jobId: id },
        );
      }
      const job = await connection.attempt(() => of(name).getJob(id));
      return job === undefined ? undefined : { job, queue: of(name) };
    },
    holding: async (id) => recorded(id, await names()),
    async close() {
      await Promise.allSettled([...opened.values()].map((queue) => queue.close()));
    },
  };
}
