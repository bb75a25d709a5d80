// Writes into a job's record what became of one of its callbacks.
import type { Redis } from "ioredis";
import { type CallbackRecord, callbackField, type Notify, notifyEvents } from "../../jobs/index.js";
import { callbackId } from "../../producer/index.js";

/** KEYS: the job; ARGV: the field of the callback, its value. A record that is gone does not come back. */
const script = `
if redis.call("HEXISTS", KEYS[1], ARGV[1]) == 0 then return 0 end
return redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])`;

/** @param key of the job's record, if there still is one */
export async function writeCallbackRecord(
  redis: Redis,
  key: string,
  { url, events = notifyEvents }: Pick<Notify, "url" | "events">,
  outcome: Pick<CallbackRecord, "state" | "attempts" | "lastError" | "deliveredAt">,
): Promise<void> {
  const record: CallbackRecord = { url, events: [...events], ...outcome };
  await redis.eval(script, 1, key, callbackField(callbackId(record)), JSON.stringify(record));
}
