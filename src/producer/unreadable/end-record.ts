// Ends or removes a job whose record BullMQ's own scripts stumble over.
import type { Redis } from "ioredis";
import { isJobId } from "../../jobs/index.js";

/** The queue of the record: what it calls its keys. */
export interface KeyedQueue {
  readonly toKey: (name: string) => string;
}

/** How many events BullMQ keeps in a stream by default. */
const keptEvents = 10_000;

/** The lists and sorted sets of the states from which a job is taken. */
const lists = ["wait", "paused", "active"] as const;
const openSets = ["delayed", "prioritized", "waiting-children"] as const;
const endedSets = ["completed", "failed"] as const;

/**
 * KEYS: the job, its lock, `stalled`, `events`, `failed`, the prefix of the queue's keys, then the lists and the sets that it
 * is taken from. ARGV: the id, the reason (empty: the job is removed), the time in ms, whether a key that holds no hash may
 * be deleted, how many events are kept, how many lists there are.
 *
 * What depends on the job is released, as BullMQ does: its parent, and those who would join it.
 */
const script = `
local call = redis.call
local id, reason, now = ARGV[1], ARGV[2], ARGV[3]
local jobKey = KEYS[1]
local taken = 0
for at = 7, #KEYS do
  if at < 7 + tonumber(ARGV[6]) then taken = taken + call("LREM", KEYS[at], 0, id)
  else taken = taken + call("ZREM", KEYS[at], id) end
end
if taken == 0 then return 0 end
call("SREM", KEYS[3], id)
call("DEL", KEYS[2])
local kind = call("TYPE", jobKey).ok
local isHash = kind == "hash" or kind == "none"
local fields = kind == "hash" and call("HMGET", jobKey, "parentKey", "parent", "deid", "timestamp") or {}
local parentKey = fields[1]
if type(parentKey) == "string" and call("TYPE", parentKey).ok == "hash" and
    call("SREM", parentKey .. ":dependencies", jobKey) == 1 then
  local queueKey, parentId = string.match(parentKey, "^(.*):(.*)$")
  local isRead, parent = pcall(cjson.decode, fields[2] or "")
  if isRead and type(parent) == "table" and type(parent.id) == "string" and type(parent.queueKey) == "string" then
    queueKey, parentId = parent.queueKey, parent.id
  end
  if reason ~= "" then call("HSET", parentKey .. ":failed", jobKey, reason) end
  if call("SCARD", parentKey .. ":dependencies") == 0 and
      call("ZREM", queueKey .. ":waiting-children", parentId) == 1 then
    call("RPUSH", queueKey .. ":wait", parentId)
    call("ZADD", queueKey .. ":marker", 0, "0")
    call("XADD", queueKey .. ":events", "*", "event", "waiting", "jobId", parentId, "prev", "waiting-children")
  end
end
if type(fields[3]) == "string" then
  local joined = KEYS[6] .. "de:" .. fields[3]
  if call("TYPE", joined).ok == "string" and call("GET", joined) == id then call("DEL", joined) end
end
local mayDelete = isHash or ARGV[4] == "1"
if reason ~= "" and mayDelete then
  if not isHash then call("DEL", jobKey) end
  call("HDEL", jobKey, "parent", "parentKey", "atm", "ats", "stc")
  if not fields[4] then call("HSET", jobKey, "timestamp", now) end
  call("HSETNX", jobKey, "name", "")
  call("HSET", jobKey, "failedReason", reason, "finishedOn", now, "stacktrace", "[]")
  call("ZADD", KEYS[5], now, id)
  call("XADD", KEYS[4], "MAXLEN", "~", ARGV[5], "*", "event", "failed", "jobId", id, "failedReason", reason, "prev", "active")
else
  if mayDelete then
    call("DEL", jobKey)
    for _, part in ipairs({ "logs", "dependencies", "processed", "failed", "unsuccessful" }) do
      call("DEL", jobKey .. ":" .. part)
    end
  end
  call("XADD", KEYS[4], "MAXLEN", "~", ARGV[5], "*", "event", "removed", "jobId", id, "prev", "unknown")
end
return 1`;

/**
 * Fails a job that has not ended, for good, whatever its record holds. A key that belongs to BullMQ itself is left alone:
 * the id is taken from the queue then, and leaves no record.
 * @returns false if it has ended, or is gone
 */
export async function failRecord(
  redis: Redis,
  queue: KeyedQueue,
  id: string,
  reason: string,
): Promise<boolean> {
  return run(redis, queue, id, reason, openSets);
}

/** Removes a job in any state, whatever its record holds. @returns false if it is gone */
export async function removeRecord(redis: Redis, queue: KeyedQueue, id: string): Promise<boolean> {
  return run(redis, queue, id, "", [...openSets, ...endedSets]);
}

async function run(
  redis: Redis,
  { toKey }: KeyedQueue,
  id: string,
  reason: string,
  sets: readonly string[],
): Promise<boolean> {
  const own = [toKey(id), toKey(`${id}:lock`), ...["stalled", "events", "failed", ""].map(toKey)];
  const keys = [...own, ...[...lists, ...sets].map(toKey)];
  const mayDelete = isJobId(id) || /^\d+$/.test(id) ? 1 : 0;
  const args = [id, reason, Date.now(), mayDelete, keptEvents, lists.length];
  return (await redis.eval(script, keys.length, ...keys, ...args)) === 1;
}
