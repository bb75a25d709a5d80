// Writes a status to Redis every few seconds. Nothing depends on it: a status that cannot be written is left out.
import type { Redis } from "ioredis";
import { workerStatusExpiry } from "../../jobs/index.js";

/** Where statuses lie: a sorted set of ids by the time of the last one, and a key for each. */
interface StatusKeys {
  readonly ids: string;
  of(id: string): string;
}

export interface Heartbeat {
  /** Tells of a change now; in the background. */
  beat(): void;
  /** Removes the status. Resolves within two seconds, whatever Redis does: what is left expires. */
  stop(isRedisThere: boolean): Promise<void>;
}

/** After how long the id of a silent process is removed, in ms. Long, because a clock may be set. */
const forgetAfter = 3_600_000;

/**
 * KEYS: the ids, the status; ARGV: the id, the text, after how long it expires, after how long an id is forgotten, this host's
 * time. That of Redis counts, but where the user may not ask for it: by that of a host whose clock is ahead all others would be
 * long silent.
 */
const writeScript = `
local time = redis.pcall("TIME")
local now = time.err and tonumber(ARGV[5]) or time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[3])
redis.call("ZADD", KEYS[1], now, ARGV[1])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[4])`;
/** How long the removal of the status may take, in ms. */
const patience = 2_000;

/**
 * Begins, on a connection that is shared with others. Once this resolves the first status is written.
 * @param interval in ms
 * @param make makes the status, while Redis is there
 */
export async function startBeat(
  redis: Redis,
  keys: StatusKeys,
  id: string,
  interval: number,
  make: () => Promise<unknown>,
): Promise<Heartbeat> {
  let isStopped = false;
  let beating: Promise<unknown> | undefined;
  const write = async () => {
    if (redis.status !== "ready") return;
    const text = JSON.stringify(await make());
    if (isStopped || redis.status !== "ready") return;
    await redis.eval(
      writeScript,
      2,
      keys.ids,
      keys.of(id),
      id,
      text,
      workerStatusExpiry,
      forgetAfter,
      Date.now(),
    );
  };
  const beat = () => {
    // While Redis is away no more than one status waits to be written.
    beating ??= write()
      .catch(() => undefined)
      .finally(() => {
        beating = undefined;
      });
  };
  beat();
  await beating;
  const timer = setInterval(beat, interval);
  return {
    beat,
    async stop(isRedisThere) {
      isStopped = true;
      clearInterval(timer);
      if (!isRedisThere) return;
      const gone = redis.multi().del(keys.of(id)).zrem(keys.ids, id).exec();
      let late: NodeJS.Timeout | undefined;
      const tooLate = new Promise((resolve) => {
        late = setTimeout(resolve, patience);
      });
      await Promise.race([Promise.allSettled([gone, beating]), tooLate]);
      clearTimeout(late);
    },
  };
}
