// What the settings and the clock of a Redis server mean for a queue.
import type { Redis } from "ioredis";

export interface ServerFacts {
  /** As the server tells it, such as `Redis 7.0.15` or `Valkey 8.0.1`. */
  readonly version: string;
  /** `maxmemory-policy`. Any but `noeviction` lets the server drop jobs. */
  readonly evictionPolicy: string;
  /** Whether it keeps an append-only file: without one a restart loses jobs. */
  readonly isPersistent: boolean;
}

/**
 * Asks the server for what `INFO` tells; of a cluster, one of its nodes.
 * @throws Redis's error, as for a user who may not ask
 */
export async function readServerFacts(redis: Redis): Promise<ServerFacts> {
  const text = await redis.info();
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(text)?.[1] ?? "";
  const valkey = field("valkey_version");
  return {
    version: valkey === "" ? `Redis ${field("redis_version")}` : `Valkey ${valkey}`,
    evictionPolicy: field("maxmemory_policy"),
    isPersistent: field("aof_enabled") === "1",
  };
}

/** How far the clocks may be apart, in ms: schedules and delays follow those of workers and producers. */
export const toleratedSkew = 2_000;

/** The longest round trip from which the skew is told, in ms: it is wrong by half of that at most. */
const longestRoundTrip = 1_000;

/** How far this host's clock is ahead of the server's, in ms; undefined if the answer took too long to tell. */
export async function readClockSkew(redis: Redis): Promise<number | undefined> {
  const sent = Date.now();
  const begun = performance.now();
  const [seconds = 0, microseconds = 0] = await redis.time();
  const roundTrip = performance.now() - begun;
  if (roundTrip > longestRoundTrip) return undefined;
  return Math.round(sent + roundTrip / 2 - (seconds * 1_000 + microseconds / 1_000));
}
