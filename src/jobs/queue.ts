// How the queues lie in Redis: key prefix, retries, how long finished records stay.
import type { AnyQueueName, CheckedJobData, JobName } from "./contract.js";
import { defaultRecipe } from "./fields.js";

/** The names a graph may be served under: they become part of every key. */
export const graphNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const defaultGraphName = "default";

/** The names a host may have: part of file names, and of the names of its queues. */
export const hostNamePattern = graphNamePattern;

/** The ids that a producer may give: BullMQ makes those that parseInt reads back as they are by itself. */
export const jobIdPattern = /^(?!-?\d+$)(?!NaN$)[A-Za-z0-9_.-]{1,128}$/;

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

/** The queues of which every host has one of its own besides, for the jobs that only its workers can do. */
export const hostedQueueNames = ["store", "mount"] as const;

/** A host's own queue: `store@<host>` or `mount@<host>`. */
export type HostQueueName = `${(typeof hostedQueueNames)[number]}@${string}`;

/** The names of a host's own queues. */
export function queuesOfHost(host: string): HostQueueName[] {
  return hostedQueueNames.map((queue) => `${queue}@${host}` as const);
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
 * Where workers find the jobs that are to end: a sorted set of their ids by the time of the request in ms, and the
 * channel on which each is told of. A batch stands for its children too.
 */
export function cancellationKeys(graphName: string): { readonly requests: string; readonly channel: string } {
  const key = `${keyPrefix(graphName)}:cancelled`;
  return { requests: key, channel: key };
}

/** What is told on that channel. */
export interface CancellationMessage {
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

/**
 * The deduplication id of a job, or undefined for one that is never joined: a `checksum` of the same id
 * and recipe that waits or runs is joined, and so is a `checksum-graph` of all images. A forced one joins only its
 * like, for the other may be cached. So are a `verify` of the same id, of which one that explains joins only its like,
 * and a `verify-graph` of all images. A `gc` joins one that keeps the same.
 */
export function deduplicationId<Name extends JobName>(
  name: Name,
  data: CheckedJobData<Name>,
): string | undefined {
  switch (name) {
    case "checksum": {
      const { id, recipe, force } = data as CheckedJobData<"checksum">;
      return `checksum/${id}/${how(recipe, force)}`;
    }
    case "checksum-graph": {
      const { ids, recipe, force } = data as CheckedJobData<"checksum-graph">;
      return ids === undefined ? `checksum-graph/${how(recipe, force)}` : undefined;
    }
    case "verify": {
      const { id, explain = false } = data as CheckedJobData<"verify">;
      return `verify/${id}${explain ? "/explain" : ""}`;
    }
    case "verify-graph":
      return (data as CheckedJobData<"verify-graph">).ids === undefined ? "verify-graph" : undefined;
    case "gc": {
      const { dryRun = false, keep = 0, olderMs = 0 } = data as CheckedJobData<"gc">;
      return `gc/${keep}/${olderMs}${dryRun ? "/dry-run" : ""}`;
    }
    default:
      return undefined;
  }
}

function how(recipe: string = defaultRecipe, force = false): string {
  return `${recipe}${force ? "/force" : ""}`;
}
