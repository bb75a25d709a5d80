// A notification: the job of the queue `notify` that tells of one end of a job to one callback.
import { createHash } from "node:crypto";
import { z } from "zod";
import {
  type CallbackRecord,
  notifyEvents,
  type PendingCallback,
  parseFailedReason,
} from "../../jobs/index.js";
import type { JobRecord } from "../../producer/index.js";

/** The data of a notification. */
export const notificationData = z.object({
  url: z.string(),
  events: z.array(z.enum(notifyEvents)),
  /** What has become of the job; `gone` if its record was removed before anybody could read how it ended. */
  event: z.enum([...notifyEvents, "gone"]),
  queue: z.string(),
  jobId: z.string(),
  /** What is sent: the job's record as JSON. */
  body: z.string(),
});
export type NotificationData = z.infer<typeof notificationData>;
type End = NotificationData["event"];

/** How much a body may have, in bytes. */
const longestBody = 1024 ** 2;
/** What is left out of a record that has more, in this order. */
const large = ["data", "result", "progress"] as const;

/** How a job has ended; undefined for one that has not. */
export function endOf(record: JobRecord | undefined): End | undefined {
  if (record === undefined) return "gone";
  const { failedReason } = record;
  const state: string = record.state;
  if (state === "failed" && parseFailedReason(failedReason ?? "").code === "CANCELLED") return "cancelled";
  return notifyEvents.find((event) => event === state);
}

/** Whether a callback is told of such an end. That a job is gone is told to all: nothing else will be. */
export function wants({ events = notifyEvents }: PendingCallback, end: End): boolean {
  return end === "gone" || events.includes(end);
}

/** What is told to a callback, with the id of the notification: the same for the same end. */
export function notificationOf(
  { queue, jobId, url, events = notifyEvents, nonce }: PendingCallback,
  end: End,
  record: JobRecord | undefined,
): { readonly id: string; readonly data: NotificationData } {
  const told: CallbackRecord = {
    ...{ url, events: [...events], state: "pending", attempts: 0, lastError: null, deliveredAt: null },
  };
  const body = bodyOf({ ...(record ?? goneRecord(queue, jobId)), notify: [told] });
  // A job that is told of again, because its first end was, has another time.
  const identity = [queue, jobId, url, [...events].sort(), record?.finishedAt ?? nonce];
  const digest = createHash("sha256").update(JSON.stringify(identity)).digest("hex");
  return {
    id: `cb_${digest.slice(0, 32)}`,
    data: { url, events: [...events], event: end, queue, jobId, body },
  };
}

function goneRecord(queue: string, id: string) {
  return {
    ...{ id, queue, name: "", state: "unknown", data: null, progress: null, result: null },
    ...{ failedReason: null, attempts: 0, createdAt: 0, finishedAt: null },
  };
}

/** What makes a body too long is null, and named in `omitted`. */
function bodyOf(record: object): string {
  let shown: Record<string, unknown> = { ...record };
  const omitted: string[] = [];
  for (const field of [...large, undefined]) {
    const body = JSON.stringify(shown);
    if (Buffer.byteLength(body) <= longestBody || field === undefined) return body;
    omitted.push(field);
    shown = { ...shown, [field]: null, omitted };
  }
  return "";
}
