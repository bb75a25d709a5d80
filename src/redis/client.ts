// Makes the ioredis client of a Redis URL: for one server, for the master that sentinels name, or for the node of a
// cluster that has a graph's keys.
import { Cluster, Redis } from "ioredis";
import { slotConnector } from "./slot-connector.js";
import { openTls } from "./tls.js";
import { readRedisUrl } from "./url.js";

/** How long a client waits, and when it tries again. Times are in ms. */
interface RetryPolicy {
  readonly connectTimeout: number;
  readonly commandTimeout?: number;
  /** How long a server that was asked something may be silent before the connection is replaced. */
  readonly socketTimeout: number;
  readonly maxRetriesPerRequest: number | null;
  /** Whether commands wait for a connection. Default: true. */
  readonly enableOfflineQueue?: boolean;
  readonly retryStrategy: (attempt: number) => number;
  readonly reconnectOnError: (error: Error) => boolean | 2;
}

/**
 * Connects in the background.
 * @param key selects the node of a cluster: the master of the key's slot
 * @throws `QUEUE_UNAVAILABLE` for a URL that is not valid, or names files that cannot be used
 */
export function connectRedis(url: string, key: string, policy: RetryPolicy): Redis {
  const redis = openClient(url, key, policy);
  const disconnect = redis.disconnect.bind(redis);
  // ioredis disconnects again for each reply that asks for another connection (`reconnectOnError`), and each time adds a
  // listener to the socket. For all replies of a pipeline once is enough.
  redis.disconnect = (reconnect) => {
    if (!reconnect || !redis.stream?.writableEnded) disconnect(reconnect);
  };
  return redis;
}

/** The policy of a client of all nodes of a cluster: what it asks one node for. */
type NodePolicy = Pick<
  RetryPolicy,
  "connectTimeout" | "commandTimeout" | "socketTimeout" | "maxRetriesPerRequest"
>;

/**
 * Connects to all nodes of a cluster, in the background; undefined for a URL that names none.
 * @throws as `connectRedis`
 */
export function connectCluster(url: string, policy: NodePolicy): Cluster | undefined {
  const { form, hosts, tls: files, username, password } = readRedisUrl(url);
  if (form !== "cluster") return undefined;
  const tls = files === undefined ? undefined : openTls(files);
  return new Cluster([...hosts], {
    // The documented user may not ask for CLUSTER INFO.
    enableReadyCheck: false,
    // A certificate is for the name that a node announces, not for its address.
    dnsLookup: (address, answer) => answer(null, address),
    clusterRetryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
    maxRedirections: 4,
    slotsRefreshTimeout: 2_000,
    redisOptions: {
      ...policy,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
    },
  });
}

function openClient(url: string, key: string, policy: RetryPolicy): Redis {
  const { form, path, hosts, master, db, tls: files, sentinelUser, ...user } = readRedisUrl(url);
  const tls = files === undefined ? undefined : openTls(files);
  const server = {
    enableOfflineQueue: true,
    ...user,
    ...policy,
    ...(tls === undefined ? {} : { tls }),
    ...(db === undefined ? {} : { db }),
  };
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
  if (form === "cluster") return new Redis({ ...server, Connector: slotConnector(hosts, key) });
  return new Redis({ ...server, ...(path === undefined ? hosts[0] : { path }) });
}
