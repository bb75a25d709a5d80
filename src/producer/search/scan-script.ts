// The script by which Redis itself looks for jobs in a list or a sorted set of a queue. Records stay where they are: only
// the ids of those that may match come back.

/** How many entries are looked at by one call, so that Redis is not held up for long: some milliseconds. */
export const mostLooked = 5_000;

/**
 * KEYS: the list or the sorted set (newest first), the prefix of the records' keys. The record's keys are not named: they lie
 * in the same slot.
 * ARGV: 1 `list`, `set`, or `ids` for those that follow the other arguments; 2 the id of the entry behind which to begin, and
 * 3 its score, with no id the highest score that is wanted; 4 where behind it is presumed to be; 5 how many entries are looked
 * at, 6 how many matches are enough; 7 the name; 8 the image as JSON; 9 what the failedReason begins with, 10 or does not;
 * 11 the earliest and 12 the latest time of creation; an empty one stands for any. 13 is 1 where results name images too.
 * Returns whether the end was reached, where behind is now, the id and the score of the last entry, and for each match: id,
 * score, time of creation, size of data and result.
 *
 * SORT_RO reads fields in half the time of HMGET called one by one; it is refused in a cluster, and unknown before 7.0.
 */
export const scanScript = `
local call, pcall, find, sub = redis.call, redis.pcall, string.find, string.sub
local kind, after, score = ARGV[1], ARGV[2], ARGV[3]
local at, most, enough = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local name, image, reason, unlike = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local since, before = tonumber(ARGV[11]), tonumber(ARGV[12])

local fields = {}
local function field(isUsed, one)
  if not isUsed then return end
  fields[#fields + 1] = one
  return #fields
end
local ofName = field(name ~= "", "name")
local ofData, ofResult = field(image ~= "", "data"), field(image ~= "" and ARGV[13] == "1", "returnvalue")
local ofReason = field(reason ~= "" or unlike ~= "", "failedReason")
local ofTime = field(since or before, "timestamp")

local function length()
  if kind == "list" then return call("LLEN", KEYS[1]) end
  if kind == "set" then return call("ZCARD", KEYS[1]) end
  return #ARGV - 13
end

if kind == "list" and after ~= "" and (at < 1 or call("LINDEX", KEYS[1], at - 1) ~= after) then
  at = (call("LPOS", KEYS[1], after) or math.max(at - 2, -1)) + 1
elseif kind == "set" and after ~= "" then
  local place = call("ZREVRANK", KEYS[1], after)
  if place and tonumber(call("ZSCORE", KEYS[1], after)) == tonumber(score) then at = place + 1
  else
    at = call("ZCOUNT", KEYS[1], "(" .. score, "+inf")
    local ties = call("ZREVRANGEBYSCORE", KEYS[1], score, score)
    for _, id in ipairs(ties) do if id >= after then at = at + 1 end end
  end
elseif kind == "set" and score ~= "" then at = call("ZCOUNT", KEYS[1], "(" .. score, "+inf") end

local function range(count, from)
  if kind == "list" then return call("LRANGE", KEYS[1], from, from + count - 1) end
  if kind == "set" then return call("ZREVRANGE", KEYS[1], from, from + count - 1) end
  local ids = {}
  for place = 14 + from, math.min(13 + from + count, #ARGV) do ids[#ids + 1] = ARGV[place] end
  return ids
end

local width = math.max(#fields, 1)
local canSort = kind ~= "ids" and #fields > 0
local function read(count)
  if canSort then
    local sort = { "SORT_RO", KEYS[1], "BY", "nosort" }
    if kind == "set" then sort[#sort + 1] = "DESC" end
    for _, one in ipairs({ "LIMIT", at, count }) do sort[#sort + 1] = one end
    for _, one in ipairs(fields) do
      sort[#sort + 1] = "GET"
      sort[#sort + 1] = KEYS[2] .. "*->" .. one
    end
    local rows = pcall(unpack(sort))
    if not rows.err then return rows, nil end
    canSort = false
  end
  local rows, ids = {}, range(count, at)
  for _, id in ipairs(ids) do
    local values = #fields > 0 and pcall("HMGET", KEYS[2] .. id, unpack(fields)) or {}
    for place = 1, width do rows[#rows + 1] = values[place] or false end
  end
  return rows, ids
end

-- JSON may write a slash and any character in another way.
local function mayHold(text)
  if not text then return false end
  return find(text, image, 1, true) or (find(text, "\\\\", 1, true) and find(text, "\\\\[/u]"))
end
local function mayMatch(rows, place)
  if ofName and rows[place + ofName] ~= name then return false end
  if ofReason then
    local told = rows[place + ofReason] or ""
    if sub(told, 1, #reason) ~= reason or (unlike ~= "" and sub(told, 1, #unlike) == unlike) then return false end
  end
  if ofTime then
    local time = tonumber(rows[place + ofTime] or nil)
    if time and ((since and time < since) or (before and time >= before)) then return false end
  end
  return not ofData or mayHold(rows[place + ofData]) or (ofResult and mayHold(rows[place + ofResult]))
end
local function number(...)
  local answer = pcall(...)
  return type(answer) == "number" and answer or 0
end

local matches, found, looked, bytes, step = {}, 0, 0, 0, 8
local total = length()
while looked < most and found < enough and bytes < ${4 * 1024 ** 2} and at < total do
  local rows, ids = read(math.min(step, most - looked))
  local first = at
  if #rows == 0 then at = total end
  for place = 0, #rows - 1, width do
    at, looked = at + 1, looked + 1
    for other = place + 1, place + width do bytes = bytes + #(rows[other] or "") end
    if mayMatch(rows, place) then
      found = found + 1
      ids = ids or range(#rows / width, first)
      after = ids[at - first]
      local key = KEYS[2] .. after
      local time = pcall("HGET", key, "timestamp")
      matches[#matches + 1] = after
      matches[#matches + 1] = kind == "set" and call("ZSCORE", KEYS[1], after) or ""
      matches[#matches + 1] = type(time) == "string" and time or ""
      matches[#matches + 1] = number("HSTRLEN", key, "data") + number("HSTRLEN", key, "returnvalue")
    end
  end
  -- A megabyte at a time, as far as the records before tell.
  step = math.max(1, math.min(step * 4, 256, math.floor(${1024 ** 2} * looked / (bytes + 1))))
end
if kind ~= "ids" and looked > 0 and at <= total then after = range(1, at - 1)[1] end
if kind == "set" and looked > 0 then score = call("ZSCORE", KEYS[1], after) end
return { at >= total and 1 or 0, at, after, score, matches }`;
