// Callbacks: who is told by HTTP of a job's end. They stand in the options of a job's record, as `notify`, where every
// client of BullMQ can put them.
import { z } from "zod";
import {
  invalidCallbackUrl,
  isCallbackUrl,
  JobError,
  type NotifyEvent,
  notifyEvents,
} from "../terms/index.js";
import { keyPrefix } from "./queue.js";

/** A callback. Without `events` it is told of every end. */
export const notify = z
  .strictObject({
    url: z
      .string()
      .refine(isCallbackUrl, invalidCallbackUrl)
      .meta({ description: "Where the job's record is POSTed to, http or https", format: "uri" }),
    events: z
      .array(z.enum(notifyEvents))
      .min(1)
      .max(notifyEvents.length)
      .optional()
      .meta({ description: "The ends that are told. Default: all" }),
  })
  .meta({ id: "Notify", description: "Who is told of the job's end" });

/** What a producer hands in. */
export interface Notify {
  /** Where the job's record is POSTed to: http or https, without user and password. */
  readonly url: string;
  /** The ends that are told. Default: all. */
  readonly events?: readonly NotifyEvent[] | undefined;
}

/** Checks a callback. @throws `INVALID_JOB` naming what is wrong with it */
export function parseNotify(value: unknown): Notify {
  const parsed = notify.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    ({ path, message }) => `${["notify", ...path].join(".")}: ${message}`,
  );
  throw new JobError("INVALID_JOB", issues.join("; "));
}

/** The name of the queue of notifications. Its jobs are the deliveries; it is none of the graph's queues of work. */
export const notifyQueue = "notify";

/** The key of the hash of callbacks that wait for the end of their job: see `PendingCallback`. */
export function callbacksKey(graphName: string): string {
  return `${keyPrefix(graphName)}:callbacks`;
}

/** The field of a job's hash that tells of one of its callbacks: JSON of a `CallbackRecord`. */
export function callbackField(id: string): string {
  return `${callbackFieldPrefix}${id}`;
}
export const callbackFieldPrefix = "callback:";

/** A callback whose job has not ended, or has not been told of. */
export interface PendingCallback extends Notify {
  readonly queue: string;
  readonly jobId: string;
  /** Of this registration and no other. */
  readonly nonce: string;
}

/** What became of a callback. Times are in ms since the epoch; null stands for what is not there yet. */
export interface CallbackRecord {
  readonly url: string;
  readonly events: NotifyEvent[];
  /** `pending` until it was delivered, has failed for good, or the job has ended otherwise (`skipped`). */
  readonly state: "pending" | "delivered" | "failed" | "skipped";
  /** How often it was tried. */
  readonly attempts: number;
  /** `CODE: message` */
  readonly lastError: string | null;
  readonly deliveredAt: number | null;
}

/**
 * The pauses between the tries of a notification, in ms: a little more than a day in all. Each is up to a fifth longer, so
 * that those of an outage do not all come at once.
 */
export const notifyPauses: readonly number[] = [
  5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 21_600, 28_800,
].map((seconds) => seconds * 1_000);
