// Mends the times in Redis that a clock which was set has made wrong. Redis keeps the end of a key by its own clock, and
// BullMQ the time of a delayed job by that of whoever delayed it: where such a clock is set back, or is ahead, both wait.
import type { Redis } from "ioredis";
import { callbacksKey, keyPrefix } from "../../jobs/index.js";

/** Where times are mended. */
export interface TimesToMend {
  readonly graphName: string;
  readonly queues: readonly string[];
}

/** How far a clock is set back at least for it to count, in ms. */
const leastStep = 2_000;
/** How many delayed jobs are looked at each time, and how many once Redis's clock has been set back. */
const looks = { usual: 200, afterStep: 20_000 } as const;

/**
 * KEYS: where Redis's time is kept, the mark of who looks through callbacks, then of each queue: `stalled-check`, `active`,
 * `delayed`, `marker`, its prefix. ARGV: this host's time, the least step, how many to look at: usually, after a step.
 *
 * Expiries are those of locks and marks, which last some seconds: what outlasts the step was set before it. Runs of
 * schedules keep their times: they are told by the clock on the wall.
 */
const script = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local here, least = tonumber(ARGV[1]), tonumber(ARGV[2])
local back = (tonumber(redis.call("GET", KEYS[1])) or 0) - now
redis.call("SET", KEYS[1], string.format("%.0f", now))
local function shorten(key)
  local left = redis.call("PTTL", key)
  if left > back then redis.call("PEXPIRE", key, left - back) end
end
local isSetBack = back > least
if isSetBack then shorten(KEYS[2]) end
local mended = 0
for at = 3, #KEYS, 5 do
  local check, active, delayed, marker, prefix = KEYS[at], KEYS[at + 1], KEYS[at + 2], KEYS[at + 3], KEYS[at + 4]
  if isSetBack then
    shorten(check)
    for _, id in ipairs(redis.call("LRANGE", active, 0, -1)) do shorten(prefix .. id .. ":lock") end
  end
  local function isRun(id) return redis.pcall("HEXISTS", prefix .. id, "rjk") == 1 end
  local function set(due, id)
    redis.call("ZADD", delayed, string.format("%.0f", due * 4096), id)
    redis.call("ZADD", marker, 0, "0")
    mended = mended + 1
  end
  -- None is due later than its delay from now.
  local last = isSetBack and tonumber(ARGV[4]) or tonumber(ARGV[3])
  local found = redis.call("ZREVRANGE", delayed, 0, last - 1, "WITHSCORES")
  for i = 1, #found, 2 do
    local id, due = found[i], tonumber(found[i + 1]) / 4096
    local delay = redis.pcall("HGET", prefix .. id, "delay")
    delay = type(delay) == "string" and tonumber(delay) or nil
    if delay and due > now + delay + least and not isRun(id) then set(now + delay, id) end
  end
  -- What is due by Redis's clock is due, though this host's is behind.
  if here < now - least then
    local waiting = redis.call("ZRANGEBYSCORE", delayed, "(" .. string.format("%.0f", (here + 1) * 4096),
      string.format("%.0f", now * 4096), "LIMIT", 0, last)
    for _, id in ipairs(waiting) do if not isRun(id) then set(here, id) end end
  end
end
return mended`;

/** Looks at the times now. @returns how many delayed jobs were due at a wrong time @throws Redis's error */
export async function mendTimes(redis: Redis, { graphName, queues }: TimesToMend): Promise<number> {
  const prefix = keyPrefix(graphName);
  const keys = queues.flatMap((queue) =>
    ["stalled-check", "active", "delayed", "marker", ""].map((name) => `${prefix}:${queue}:${name}`),
  );
  const own = [`${prefix}:time`, `${callbacksKey(graphName)}:sweeper`];
  const args = [Date.now(), leastStep, looks.usual, looks.afterStep];
  return Number(await redis.eval(script, own.length + keys.length, ...own, ...keys, ...args));
}
