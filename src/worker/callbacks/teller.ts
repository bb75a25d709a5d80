// Sees to it that every callback hears of its job's end. What is registered in Redis is told, whoever ended the job and
// whatever became of its worker: at once where this process saw the end, else when the registrations are next looked through.
import { type Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import {
  callbackFieldPrefix,
  callbacksKey,
  JobError,
  keyPrefix,
  notifyQueue,
  type PendingCallback,
  parseNotify,
  retention,
} from "../../jobs/index.js";
import { callbackId, type Producer, pendingField, registerCallback } from "../../producer/index.js";
import { jobFailure } from "../failure.js";
import { writeCallbackRecord } from "./callback-record.js";
import { endOf, notificationOf, wants } from "./notification.js";

export interface Teller {
  /**
   * Registers the callback of a job that a worker takes up: a client of plain BullMQ has not.
   * @throws as BullMQ's processors do: `INVALID_JOB` for one that is not valid
   */
  begins(job: Job): Promise<void>;
  /** Tells of a job that has ended in this process. */
  ended(job: Job): void;
  /** Ends what is under way. @param isRedisThere false leaves it to another worker */
  close(isRedisThere: boolean): Promise<void>;
}

interface TellerTiming {
  /** How often registrations are looked through, in ms. */
  readonly callbackInterval: number;
  readonly notifyPauses: readonly number[];
}

/** How many registrations are read at a time. */
const page = 500;
/** How much longer than a look through the registrations the pause after it is at least. */
const restFactor = 20;

/** KEYS: the hash of registrations; ARGV: a field, its value. One that was made anew since is kept. */
const forgetScript = `
if redis.call("HGET", KEYS[1], ARGV[1]) == ARGV[2] then return redis.call("HDEL", KEYS[1], ARGV[1]) end
return 0`;

/** A registration as it stands in Redis. */
interface Registration {
  readonly field: string;
  readonly text: string;
  readonly callback: PendingCallback;
}

/** @param failed called with what went wrong; it is tried again */
export function openTeller(
  redis: Redis,
  graphName: string,
  producer: Producer,
  { callbackInterval, notifyPauses }: TellerTiming,
  failed: (error: Error) => void,
): Teller {
  const key = callbacksKey(graphName);
  const prefix = keyPrefix(graphName);
  const queue = new Queue(notifyQueue, { connection: redis, prefix });
  queue.on("error", failed);
  const keyOf = (queueName: string, id: string) => `${prefix}:${queueName}:${id}`;
  const telling = new Set<Promise<void>>();
  let isClosed = false;

  /** The producer's own outage is that of the worker, which tells of it. */
  const tellFailure = (error: unknown) => {
    if (isClosed) return;
    if (!(error instanceof JobError)) failed(error instanceof Error ? error : new Error(String(error)));
  };

  const forget = ({ field, text }: Pick<Registration, "field" | "text">) =>
    redis.eval(forgetScript, 1, key, field, text);

  /** Tells the callbacks of one job, if it has ended. */
  const tell = async (queueName: string, jobId: string, registrations: readonly Registration[]) => {
    const record = await producer.record(queueName, jobId);
    const end = endOf(record);
    if (end === undefined) return;
    for (const registration of registrations) {
      const { callback } = registration;
      if (wants(callback, end)) {
        const { id, data } = notificationOf(callback, end, record);
        await queue.add(end, data, {
          jobId: id,
          attempts: notifyPauses.length + 1,
          backoff: { type: "custom" },
          removeOnComplete: retention.completed,
          removeOnFail: retention.failed,
        });
      } else {
        const skipped = { state: "skipped", attempts: 0, lastError: null, deliveredAt: null } as const;
        await writeCallbackRecord(redis, keyOf(queueName, jobId), callback, skipped);
      }
      await forget(registration);
    }
  };

  const tellEnded = async ({ queueName, id = "" }: Job) => {
    const fields = await redis.hkeys(keyOf(queueName, id));
    const names = fields.flatMap((field) =>
      field.startsWith(callbackFieldPrefix)
        ? [pendingField(queueName, id, field.slice(callbackFieldPrefix.length))]
        : [],
    );
    if (names.length === 0) return;
    const texts = await redis.hmget(key, ...names);
    await tell(
      queueName,
      id,
      texts.flatMap((text, at) => readRegistration(names[at] ?? "", text) ?? []),
    );
  };

  /** Tells of all jobs that have ended, or are gone. */
  const sweep = async () => {
    if ((await redis.hlen(key)) === 0) return;
    // One worker is enough; if it dies, another does so next time.
    const isMine = await redis.set(`${key}:sweeper`, "1", "PX", callbackInterval, "NX");
    if (isMine === null) return;
    let cursor = "0";
    do {
      const [next, flat] = await redis.hscan(key, cursor, "COUNT", page);
      cursor = next;
      await tellOf(flat);
    } while (cursor !== "0" && !isClosed);
  };

  const tellOf = async (flat: readonly string[]) => {
    const byJob = new Map<string, Registration[]>();
    for (let at = 0; at < flat.length; at += 2) {
      const [field = "", text = ""] = flat.slice(at, at + 2);
      const registration = readRegistration(field, text);
      // Whoever may write to Redis wrote it: nobody can be told.
      if (registration === undefined) await forget({ field, text });
      else {
        const { queue, jobId } = registration.callback;
        const job = keyOf(queue, jobId);
        byJob.set(job, [...(byJob.get(job) ?? []), registration]);
      }
    }
    const asked = redis.pipeline();
    for (const job of byJob.keys()) asked.exists(job).hexists(job, "finishedOn");
    const answers = (await asked.exec()) ?? [];
    for (const [at, registrations] of [...byJob.values()].entries()) {
      const [exists, hasEnded] = answers.slice(2 * at, 2 * at + 2).map((answer) => answer?.[1]);
      const [first] = registrations;
      if (first === undefined || (exists === 1 && hasEnded === 0)) continue;
      await tell(first.callback.queue, first.callback.jobId, registrations).catch((error: unknown) => {
        // One that cannot be told must not keep the others waiting; an outage holds for all.
        if (error instanceof JobError) throw error;
        tellFailure(error);
      });
    }
  };

  const track = (work: Promise<void>) => {
    const tracked = work.catch(tellFailure).finally(() => telling.delete(tracked));
    telling.add(tracked);
    return tracked;
  };
  let timer: NodeJS.Timeout | undefined;
  const sweepLater = (pause: number) => {
    timer = setTimeout(async () => {
      const begun = performance.now();
      await track(sweep());
      if (!isClosed) sweepLater(Math.max(callbackInterval, restFactor * (performance.now() - begun)));
    }, pause);
  };
  sweepLater(0);

  return {
    async begins(job) {
      const { queueName, id = "" } = job;
      try {
        const callback = parseNotify(callbackOf(job));
        const key = keyOf(queueName, id);
        await registerCallback(redis, graphName, { queue: queueName, id, key }, callback, true);
      } catch (error) {
        throw jobFailure(error);
      }
    },
    ended(job) {
      if (callbackOf(job) !== undefined) void track(tellEnded(job));
    },
    async close(isRedisThere) {
      isClosed = true;
      clearTimeout(timer);
      if (isRedisThere) await Promise.allSettled(telling);
      await queue.close();
    },
  };

  function readRegistration(field: string, text: string | null | undefined): Registration | undefined {
    if (text === null || text === undefined) return undefined;
    try {
      const callback = JSON.parse(text) as PendingCallback;
      const { url, events } = callback;
      parseNotify({ url, ...(events === undefined ? {} : { events }) });
      const isWhole = pendingField(callback.queue, callback.jobId, callbackId(callback)) === field;
      return isWhole ? { field, text, callback } : undefined;
    } catch {
      return undefined;
    }
  }
}

/** The callback in a job's options, whatever it is; undefined if it has none. */
export function callbackOf(job: Job): unknown {
  return (job.opts as { readonly notify?: unknown }).notify;
}
