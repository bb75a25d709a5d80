// Makes the connection that a Redis URL describes: to a server, to the master that sentinels name, or to a cluster's node.
import { Cluster, Redis } from "ioredis";
import { slotConnector } from "./slot-connector.js";
import { openTls } from "./tls.js";
import { readRedisUrl } from "./url.js";

/** How patient a connection is. */
interface Manner {
  readonly connectTimeout: number;
  readonly commandTimeout?: number;
  /** How long a server may be silent that was asked something, in ms, until another connection is made. */
  readonly socketTimeout: number;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly retryStrategy: (attempt: number) => number;
  readonly reconnectOnError: (error: Error) => boolean | 2;
}

/**
 * Connects, in the background.
 * @param key tells which node of a cluster is meant: the one that has it
 * @throws `QUEUE_UNAVAILABLE` for a URL that is none, or names files that cannot be used
 */
export function connectRedis(url: string, key: string, manner: Manner): Redis {
  const { form, path, hosts, master, db, tls: files, sentinelUser, ...user } = readRedisUrl(url);
  const { retryStrategy, enableOfflineQueue = true, ...common } = manner;
  const tls = files === undefined ? undefined : openTls(files);
  const node = { ...user, ...common, ...(tls === undefined ? {} : { tls }) };
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
  if (form === "cluster" && process.env.EXP === "cluster") {
    const { connectTimeout, commandTimeout, socketTimeout, maxRetriesPerRequest } = manner;
    return new Cluster([...hosts], {
      enableOfflineQueue,
      clusterRetryStrategy: retryStrategy,
      redisOptions: {
        ...user,
        ...(tls === undefined ? {} : { tls }),
        connectTimeout,
        socketTimeout,
        maxRetriesPerRequest,
        ...(commandTimeout === undefined ? {} : { commandTimeout }),
      },
      slotsRefreshTimeout: 2_000,
    }) as unknown as Redis;
  }
  if (form === "cluster") return new Redis({ ...server, Connector: slotConnector(hosts, key) });
  return new Redis({ ...server, ...(path === undefined ? hosts[0] : { path }) });
}
