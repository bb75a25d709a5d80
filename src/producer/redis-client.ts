// Makes the connection that a Redis URL describes: to a server, to the master that sentinels name, or to a cluster.
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import { openTls } from "./redis-tls.js";
import { readRedisUrl } from "./redis-url.js";
import { makeSteady } from "./steady-cluster.js";

/** One server (that sentinels may have named), or a cluster. */
export type RedisClient = Redis | Cluster;

/** How patient a connection is. */
export interface Manner {
  readonly connectTimeout: number;
  readonly commandTimeout?: number;
  /** How long a server may be silent that was asked something, in ms, until another connection is made. */
  readonly socketTimeout: number;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  /** How long a command is tried again that no node of a cluster takes, in ms. */
  readonly keepTrying: number;
  readonly retryStrategy: (attempt: number) => number;
  readonly reconnectOnError: (error: Error) => boolean | 2;
}

/** How long a cluster's command waits until it is tried again, in ms. */
const redirectionDelay = 100;

/**
 * Connects, in the background.
 * @throws `QUEUE_UNAVAILABLE` for a URL that is none, or names files that cannot be used
 */
export function connectRedis(url: string, manner: Manner): RedisClient {
  const { form, path, hosts, master, db, tls: files, sentinelUser, ...user } = readRedisUrl(url);
  const { keepTrying, retryStrategy, enableOfflineQueue = true, ...common } = manner;
  const tls = files === undefined ? undefined : openTls(files);
  const node = { ...user, ...common, ...(tls === undefined ? {} : { tls }) };
  if (form === "cluster") {
    const cluster = new Cluster([...hosts], {
      redisOptions: node,
      enableOfflineQueue,
      clusterRetryStrategy: retryStrategy,
      maxRedirections: keepTrying / redirectionDelay,
      retryDelayOnFailover: redirectionDelay,
      retryDelayOnClusterDown: redirectionDelay,
      retryDelayOnTryAgain: redirectionDelay,
      // A node that has vanished closes no connection: the others tell of the one that replaces it.
      slotsRefreshInterval: 5_000,
      slotsRefreshTimeout: 3_000,
      // A certificate is for a name, which must not be replaced by its address.
      ...(tls === undefined ? {} : { dnsLookup: (name, callback) => callback(null, name) }),
    } satisfies ClusterOptions);
    return makeSteady(cluster);
  }
  const server = { ...node, retryStrategy, enableOfflineQueue, ...(db === undefined ? {} : { db }) };
  if (form === "sentinel") {
    const { username, password } = sentinelUser ?? {};
    return new Redis({
      ...server,
      sentinels: [...hosts],
      name: master ?? "",
      ...(username === undefined ? {} : { sentinelUsername: username }),
      ...(password === undefined ? {} : { sentinelPassword: password }),
      ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    });
  }
  return new Redis({ ...server, ...(path === undefined ? hosts[0] : { path }) });
}

/**
 * A connection of its own to listen on a channel, with the patience and the address of another that is ready. Of a
 * cluster it is to any node, for each tells of all; when that goes away another is taken.
 */
export function duplicateToListen(redis: RedisClient): Redis {
  const listener = redis instanceof Cluster ? connectToAnyNode(redis) : redis.duplicate();
  // What fails is tried again.
  listener.on("error", () => undefined);
  return listener;
}

function connectToAnyNode(cluster: Cluster): Redis {
  const address = (attempt: number): Pick<RedisOptions, "host" | "port"> => {
    const nodes = cluster.nodes();
    const { host, port } = nodes[attempt % nodes.length]?.options ?? {};
    return host === undefined || port === undefined ? {} : { host, port };
  };
  const options = {
    ...cluster.options.redisOptions,
    ...address(0),
    retryStrategy(attempt: number) {
      Object.assign(listener.options, address(attempt));
      return Math.min(attempt * 100, 2_000);
    },
  };
  // The constructor's types want a reply mapping to be there or not to be a key.
  const listener = new Redis(options as RedisOptions & { replyMapping: "legacy" });
  return listener;
}
