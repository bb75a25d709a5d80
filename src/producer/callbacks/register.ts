// Registers callbacks: from then on, whatever becomes of the job, of its record or of whoever registers, they are told.
import { createHash, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import {
  type CallbackRecord,
  callbackField,
  callbacksKey,
  type Notify,
  notifyEvents,
  type PendingCallback,
} from "../../jobs/index.js";

/** The job that a callback belongs to. */
interface JobOfCallback {
  readonly queue: string;
  readonly id: string;
  /** The key of its record. */
  readonly key: string;
}

/**
 * KEYS: the job, the hash of pending callbacks; ARGV: the field of the job, its value, the field of the hash, its value,
 * `1` for a run that begins. A callback that an ended job has already is told, or is about to be.
 */
const script = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
local isKnown = redis.call("HEXISTS", KEYS[1], ARGV[1]) == 1
if ARGV[5] ~= "1" and isKnown and redis.call("HEXISTS", KEYS[1], "finishedOn") == 1 then return 1 end
if ARGV[5] == "1" or not isKnown then redis.call("HSET", KEYS[1], ARGV[1], ARGV[2]) end
redis.call("HSET", KEYS[2], ARGV[3], ARGV[4])
return 1`;

/** A name for a callback of a job: the same for the same URL and events. */
export function callbackId({
  url,
  events = notifyEvents,
}: Pick<CallbackRecord | Notify, "url" | "events">): string {
  return digestOf(url, ...[...new Set(events)].sort());
}

/** The field of a job's callback in the hash of pending ones. @param callback its `callbackId` */
export function pendingField(queue: string, jobId: string, callback: string): string {
  return digestOf(queue, jobId, callback);
}

/**
 * Registers a callback of a job, which may have it already.
 * @param begins whether a worker takes the job up: then the callback is told of this run, though it was of an earlier one
 * @returns false if there is no such job
 */
export async function registerCallback(
  redis: Redis,
  graphName: string,
  { queue, id, key }: JobOfCallback,
  callback: Notify,
  begins = false,
): Promise<boolean> {
  const { url, events } = callback;
  const pending: PendingCallback = { queue, jobId: id, nonce: randomUUID(), ...callback };
  const told: CallbackRecord = {
    ...{ url, events: [...(events ?? notifyEvents)], state: "pending", attempts: 0 },
    ...{ lastError: null, deliveredAt: null },
  };
  const name = callbackId(callback);
  const ofJob = [callbackField(name), JSON.stringify(told)];
  const ofHash = [pendingField(queue, id, name), JSON.stringify(pending)];
  const keys = [key, callbacksKey(graphName)];
  return (await redis.eval(script, keys.length, ...keys, ...ofJob, ...ofHash, begins ? "1" : "0")) === 1;
}

function digestOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
