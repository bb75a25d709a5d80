// The connection for payloads: large values of which each has a slot of its own, so that in a cluster they lie on all
// nodes. It is none that commands of queues go through, which would wait behind megabytes.
import type { Cluster, Redis } from "ioredis";
import { connectCluster, connectRedis } from "./client.js";
import { refusalOf } from "./refusals.js";

/** Values that expire, by keys of any slot. */
export interface Payloads {
  /** @throws Redis's error, or that of the connection */
  set(key: string, value: Buffer, expiryMs: number): Promise<void>;
  /**
   * Writes a value if another key of its slot is there.
   * @returns whether that was there
   */
  setBeside(other: string, key: string, value: Buffer, expiryMs: number): Promise<boolean>;
  /** How many bytes a value has, 0 if it is not there. */
  length(key: string): Promise<number>;
  /** Undefined if it is not there. */
  get(key: string): Promise<Buffer | undefined>;
  /** Removes values of one slot. */
  remove(...keys: string[]): Promise<void>;
  /**
   * How many more bytes the fullest server takes before this share of its `maxmemory` is used; infinite without one, or
   * where the user may not ask.
   */
  bytesFree(share: number): Promise<number>;
  close(): void;
}

/** Times in ms. A command that has no answer after that fails: whoever asked makes the block itself. */
const policy = {
  connectTimeout: 5_000,
  commandTimeout: 30_000,
  socketTimeout: 15_000,
  // What waits for a connection fails soon, instead of happening long after nobody wants it.
  maxRetriesPerRequest: 1,
} as const;

/** KEYS: the other key, the key. ARGV: the value, its expiry in ms. */
const setBesideScript = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
return 1`;

/**
 * Connects in the background, and again whenever the connection is lost.
 * @param key of a server that is not a cluster any
 * @throws `INVALID_OPTION` as `connectWithRetry`
 */
export function openPayloads(url: string, key: string): Payloads {
  const client: Redis | Cluster =
    connectCluster(url, policy) ??
    connectRedis(url, key, {
      ...policy,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
      reconnectOnError: (error) => refusalOf(error)?.reconnects ?? false,
    });
  // It connects again by itself, and every command tells of its own failure.
  client.on("error", () => undefined);
  const masters = (): Redis[] => ("nodes" in client ? client.nodes("master") : [client]);
  return {
    async set(key, value, expiryMs) {
      await client.set(key, value, "PX", expiryMs);
    },
    setBeside: async (other, key, value, expiryMs) =>
      (await client.eval(setBesideScript, 2, other, key, value, expiryMs)) === 1,
    length: (key) => client.strlen(key),
    get: async (key) => (await client.getBuffer(key)) ?? undefined,
    async remove(...keys) {
      await client.del(...keys);
    },
    async bytesFree(share) {
      const free = await Promise.all(masters().map((server) => bytesFreeOf(server, share)));
      return Math.min(...free);
    },
    close: () => client.disconnect(),
  };
}

/** @throws the error of the connection */
async function bytesFreeOf(server: Redis, share: number): Promise<number> {
  const text = await server.info("memory").catch((error: unknown) => {
    if (refusalOf(error)?.code === "NOPERM") return "";
    throw error;
  });
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1] ?? 0);
  const most = field("maxmemory");
  return most === 0 ? Number.POSITIVE_INFINITY : Math.max(0, most * share - field("used_memory"));
}
