// How the queues lie in Redis: key prefix, retries, how long finished records stay.
import { quote } from "../terms/index.js";
import type { AnyQueueName } from "./contract.js";

/** The ids that a producer may give: BullMQ makes those that parseInt reads back as they are by itself. */
export const jobIdPattern = /^(?!-?\d+$)(?!NaN$)[A-Za-z0-9_.-]{1,128}$/;

/**
 * More characters than the id of any job has: that of a child has those of its batch, which may be the run of a schedule,
 * and those of an image.
 */
export const longestJobId = 400;

/** The names of BullMQ's own keys (`QueueKeys`): a job of such an id would overwrite them. */
const ownKeys: ReadonlySet<string> = new Set([
  ...[
    "active",
    "wait",
    "waiting-children",
    "paused",
    "id",
    "delayed",
    "prioritized",
    "stalled-check",
    "completed",
  ],
  ...["failed", "stalled", "repeat", "limiter", "meta", "events", "pc", "marker", "de"],
]);

/** True for an id that a producer may give a job. */
export function isJobId(text: string): boolean {
  return jobIdPattern.test(text) && !ownKeys.has(text);
}

/**
 * What the ids of a batch's children begin with: an image's id follows. The id of a schedule's run has colons, at which BullMQ
 * would cut the id that it reads from a child's key.
 */
export function childPrefix(batchId: string): string {
  return `${batchId.replaceAll(":", ".")}.`;
}

/** What is wrong with the id of a job that nobody can find, for people. */
export function noJob(id: string, queue?: string): string {
  const where = queue === undefined ? "" : ` in the queue ${quote(queue)}`;
  if (id === "") return "a job's id is not empty";
  if (id.length > longestJobId) {
    return `${quote(id)} is no job's id: it has ${id.length} characters, and none has more than ${longestJobId}`;
  }
  return `there is no job ${quote(id)}${where}`;
}

/** The key of the set of hosts that have queues: workers that started, and hosts that jobs were enqueued for. */
export function hostsKey(graphName: string): string {
  return `${keyPrefix(graphName)}:hosts`;
}

/**
 * The prefix of a graph's keys. The braces are a Redis Cluster hash tag: a graph's keys share a slot,
 * graphs spread over the cluster.
 */
export function keyPrefix(graphName: string): string {
  return `{stevedore:${graphName}}`;
}

/** The key of a queue's event stream, as BullMQ names it. */
export function eventsKey(graphName: string, queue: AnyQueueName): string {
  return `${keyPrefix(graphName)}:${queue}:events`;
}

/**
 * The event by which a line of a job's log is told of, besides BullMQ's own: its fields are `jobId`, `line` and `at`, in
 * ms since the epoch.
 */
export const jobLogEvent = "log";

/** The key that holds the graph-id of the root which is served under a graph's name. */
export function graphIdKey(graphName: string): string {
  return `${keyPrefix(graphName)}:graph-id`;
}

/**
 * Where workers find the jobs that are to end: a sorted set of their names (`cancellationName`) by the time of the request in
 * ms, and the channel on which each is told of. A batch stands for its children too.
 */
export function cancellationKeys(graphName: string): { readonly requests: string; readonly channel: string } {
  const key = `${keyPrefix(graphName)}:cancelled`;
  return { requests: key, channel: key };
}

/**
 * What a job is called there: its id, and before a number its queue, for each queue counts by itself where no id was given.
 */
export function cancellationName({ id, queue }: { readonly id: string; readonly queue: string }): string {
  return /^\d+$/.test(id) ? `${queue}/${id}` : id;
}

/** What is told on that channel. */
export interface CancellationMessage {
  /** What the job is called there. */
  readonly id: string;
  /** True once the job has ended: it may be tried anew, and another may get its id. */
  readonly isFulfilled: boolean;
}

/** Three tries, 1 s and 2 s apart. Permanent errors are not tried again (see `isTransient`). */
export const retryPolicy = { attempts: 3, backoff: { type: "exponential", delay: 1_000 } } as const;

/** How many finished records stay, and for how many seconds. */
export const retention = {
  completed: { count: 1_000, age: 24 * 3_600 },
  failed: { count: 10_000, age: 7 * 24 * 3_600 },
} as const;

/** The key of a batch's plan and progress, in a hash. */
export function batchKey(graphName: string, parentId: string): string {
  return `${keyPrefix(graphName)}:batch:${parentId}`;
}
