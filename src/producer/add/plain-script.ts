// The script that adds many plain jobs to a queue: those of which there is nothing to say besides their name and data. It
// leaves what BullMQ's own would leave, which is run once for each job, and looks for the same work on the way.

/**
 * KEYS: what the keys of the queue begin with, with the last colon. The other keys lie in the same slot.
 * ARGV: the time in ms, then for each job its name, its data as JSON, the id of its work or nothing, and an id of its own,
 * which it has if its work has none or that one's is taken.
 * Returns the exceptions, by threes: the place of a job, the id that it has, or of the job that it has joined, and 1 if that
 * one is less urgent. All others have their work's id, or else their own.
 *
 * All that can fail comes before the first job is written.
 */
export const plainScript = `
local call, pcall = redis.call, redis.pcall
local prefix, now = KEYS[1], ARGV[1]
local wait, events, meta = prefix .. "wait", prefix .. "events", prefix .. "meta"
local settings = call("HMGET", meta, "opts.maxLenEvents", "paused", "concurrency")
local most = settings[1]
if not most then
  most = "10000"
  call("HSET", meta, "opts.maxLenEvents", most)
end
call("LLEN", wait)
call("XLEN", events)

local function isThere(id) return call("EXISTS", prefix .. id) == 1 end
local function isUnfinished(id) return pcall("HEXISTS", prefix .. id, "finishedOn") == 0 end
-- As BullMQ deduplicates: returns the job that has the key, if there is one.
local function take(same, id)
  local key = prefix .. "de:" .. same
  if call("SET", key, id, "NX") then return end
  local holder = call("GET", key)
  if call("PTTL", key) ~= -1 or isThere(holder) then return holder end
  call("DEL", key, prefix .. "dn:" .. same)
  call("SET", key, id)
end

local exceptions, ids, first, taken = {}, {}, {}, {}
local function except(at, id, isJoined)
  local priority = isJoined and pcall("HGET", prefix .. id, "priority")
  local isUrgent = type(priority) ~= "string" or (tonumber(priority) or 0) <= 0
  for _, each in ipairs({ (at - 2) / 4, id, isUrgent and 0 or 1 }) do exceptions[#exceptions + 1] = each end
end
for at = 2, #ARGV, 4 do
  local same, id = ARGV[at + 2], ARGV[at + 3]
  local joined
  if same ~= "" then
    joined = first[same]
    if not joined then
      local isTaken = isThere(same)
      if isTaken and isUnfinished(same) then joined = same
      else
        local other = pcall("GET", prefix .. "de:" .. same)
        if type(other) == "string" and isThere(other) and isUnfinished(other) then joined = other
        elseif not isTaken then id = same
        else
          joined = take(same, id)
          if joined then
            call("XADD", events, "MAXLEN", "~", most, "*", "event", "deduplicated", "jobId", joined,
              "deduplicationId", same, "deduplicatedJobId", id)
          else
            taken[at] = same
            except(at, id, false)
          end
        end
      end
      first[same] = joined or id
    end
    if joined then except(at, joined, true) end
  end
  if not joined then ids[at] = id end
end

local fresh = {}
for at = 2, #ARGV, 4 do
  local id = ids[at]
  if id then
    local name, same = ARGV[at], taken[at]
    if same then
      call("HSET", prefix .. id, "name", name, "data", ARGV[at + 1], "opts", cjson.encode({ de = { id = same } }),
        "timestamp", now, "delay", "0", "priority", "0", "deid", same)
    else
      call("HSET", prefix .. id, "name", name, "data", ARGV[at + 1], "opts", "{}",
        "timestamp", now, "delay", "0", "priority", "0")
    end
    call("XADD", events, "*", "event", "added", "jobId", id, "name", name)
    call("XADD", events, "MAXLEN", "~", most, "*", "event", "waiting", "jobId", id)
    fresh[#fresh + 1] = id
  end
end
if #fresh > 0 then
  call("INCRBY", prefix .. "id", #fresh)
  call("LPUSH", wait, unpack(fresh))
  local isFull = settings[3] and call("LLEN", prefix .. "active") >= tonumber(settings[3])
  if not settings[2] and not isFull then call("ZADD", prefix .. "marker", 0, "0") end
end
return exceptions`;
