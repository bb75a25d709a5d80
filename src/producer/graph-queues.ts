// The queues of a graph as a producer sees them: those that all hosts share, and those of single hosts, which may
// become more at any time.
import { type Job, Queue, type Telemetry } from "bullmq";
import {
  type AnyQueueName,
  hostsKey,
  keyPrefix,
  queueNames,
  queuesOfHost,
  retention,
  splitQueueName,
} from "../jobs/index.js";
import type { FailFastConnection } from "../redis/index.js";
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
  /** A job, whichever queue it is in. */
  find(id: string): Promise<{ readonly job: Job; readonly queue: Queue } | undefined>;
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

  /** The queue that has a job whose record is gone, or was never one. */
  const standing = async (id: string, all: readonly AnyQueueName[]) => {
    const found = await connection.attempt(() =>
      Promise.all(all.map((name) => stands(connection.redis, of(name), id))),
    );
    return all.find((_, at) => found[at]);
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
    async find(id) {
      const all = await names();
      // In one round trip: there are two queues for each host.
      const found = await connection.attempt(async () => {
        const asked = connection.redis.pipeline();
        // A queue's own keys and those of schedules are formed alike, but only jobs have this field.
        for (const name of all) asked.hexists(of(name).toKey(id), "timestamp");
        return asked.exec();
      });
      const name = all.find((_, at) => found?.[at]?.[1] === 1) ?? (await standing(id, all));
      if (name === undefined) return undefined;
      const job = await connection.attempt(() => of(name).getJob(id));
      return job === undefined ? undefined : { job, queue: of(name) };
    },
    async close() {
      await Promise.allSettled([...opened.values()].map((queue) => queue.close()));
    },
  };
}
