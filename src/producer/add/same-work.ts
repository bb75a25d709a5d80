// Finds the unfinished job that does the same as another, so that a job joins it instead of being done twice.
//
// The first job of some work has the work's own id (`deduplicationId`) as its job id, which costs Redis nothing. While its
// record is kept, later ones have ids of their own and BullMQ's deduplication key, and so have those whose id was chosen.
import type { Redis } from "ioredis";

/** Work that a job does, and the id that was chosen for the job, if any. */
export interface Work {
  readonly same: string;
  readonly jobId?: string | undefined;
}

/** The unfinished job that does some work; else whether the work's own id is free for one. */
export type Found = { readonly id: string } | { readonly id: undefined; readonly isFree: boolean };

/** How many works are looked up at a time. */
const bulk = 1_000;

/**
 * KEYS: what the keys of the queue begin with; ARGV: by turns the work's id and a chosen job id, or nothing.
 * Answers an id, "" if the work's id is free, or "-" if an ended job has it.
 */
const script = `
local found = {}
for at = 1, #ARGV, 2 do
  local same, chosen = ARGV[at], ARGV[at + 1]
  local key = KEYS[1] .. same
  local answer
  if chosen ~= "" and redis.call("EXISTS", KEYS[1] .. chosen) == 1 then
    answer = chosen
  elseif redis.call("EXISTS", key) == 1 then
    local ended = redis.pcall("HEXISTS", key, "finishedOn")
    answer = ended == 0 and same or "-"
  else
    answer = ""
  end
  if answer == "" or answer == "-" then
    local other = redis.pcall("GET", KEYS[1] .. "de:" .. same)
    if type(other) == "string" and redis.call("EXISTS", KEYS[1] .. other) == 1 and
        redis.pcall("HEXISTS", KEYS[1] .. other, "finishedOn") == 0 then
      answer = other
    end
  end
  found[#found + 1] = answer
end
return found`;

/** Looks for each work's unfinished job. @param queueKey what the keys of the queue begin with, with the last colon */
export async function findSame(redis: Redis, queueKey: string, works: readonly Work[]): Promise<Found[]> {
  const found: Found[] = [];
  for (let at = 0; at < works.length; at += bulk) {
    const args = works.slice(at, at + bulk).flatMap(({ same, jobId = "" }) => [same, jobId]);
    const answers = (await redis.eval(script, 1, queueKey, ...args)) as string[];
    for (const answer of answers) {
      const isId = answer !== "" && answer !== "-";
      found.push(isId ? { id: answer } : { id: undefined, isFree: answer === "" });
    }
  }
  return found;
}
