-- Enqueues a job as BullMQ does: its record, its place in the queue, both events, and the marker that wakes a worker.
-- Returns 1, or 0 if there is a job of that id already; then nothing is changed. The worker knows how often a job is tried
-- and how long its record is kept: the options are empty.
--
--   KEYS  PREFIX:QUEUE:ID  PREFIX:QUEUE:wait  PREFIX:QUEUE:meta  PREFIX:QUEUE:events  PREFIX:QUEUE:marker
--   ARGV  ID  NAME  DATA (as JSON)
local record, wait, meta, events, marker = unpack(KEYS)
local id, name, data = unpack(ARGV)
if redis.call("EXISTS", record) == 1 then return 0 end

local time = redis.call("TIME")
local now = string.format("%d%03d", time[1], math.floor(time[2] / 1000))

redis.call("HSET", record, "name", name, "data", data, "opts", "{}", "timestamp", now, "delay", 0, "priority", 0)
redis.call("XADD", events, "*", "event", "added", "jobId", id, "name", name)
redis.call("LPUSH", wait, id)
-- Workers of a queue that is paused sleep on; `resume` wakes them.
if not redis.call("HGET", meta, "paused") then redis.call("ZADD", marker, 0, "0") end
local length = redis.call("HGET", meta, "opts.maxLenEvents") or 10000
redis.call("XADD", events, "MAXLEN", "~", length, "*", "event", "waiting", "jobId", id)
return 1
