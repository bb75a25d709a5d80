// Serves the queue of notifications: each is posted until its receiver has taken it, or a day is over.
import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { formatFailedReason, isTransient, keyPrefix, notifyQueue, retention } from "../../jobs/index.js";
import { guardWorker } from "../../producer/index.js";
import type { OutageLog } from "../../redis/index.js";
import { failureOf, onOneLine } from "../../terms/index.js";
import { keepLocksRenewed } from "../clocks/index.js";
import { holdCommands } from "../hold-commands.js";
import type { Log } from "../log.js";
import type { WorkerMetrics } from "../telemetry/index.js";
import { writeCallbackRecord } from "./callback-record.js";
import { type NotificationData, notificationData } from "./notification.js";
import { type PostPolicy, postNotification } from "./post.js";

/** What the deliveries of a process need. */
interface Deliveries {
  readonly redis: Redis;
  readonly graphName: string;
  readonly policy: PostPolicy;
  readonly log: Log;
  readonly outages: OutageLog;
  readonly metrics: WorkerMetrics;
  readonly timing: {
    readonly lockDuration: number;
    readonly stalledInterval: number;
    readonly notifyPauses: readonly number[];
  };
}

/** How many notifications are under way at a time: receivers are slow, and cost nothing. */
const concurrency = 16;
/** A notification is given up once it has lost that many workers. */
const maxStalledCount = 50;
const neverAborted = new AbortController().signal;

/** Makes the BullMQ worker of the queue; `run` starts it. Its jobs are cancelled to give them back. */
export function serveNotifications(deliveries: Deliveries): Worker {
  const { redis, graphName, log, outages, timing } = deliveries;
  const { lockDuration, stalledInterval, notifyPauses } = timing;
  const worker = new Worker(
    notifyQueue,
    // BullMQ makes a signal only for a processor of three parameters, none of which has a default.
    (job, token, signal) => deliver(job, token, signal ?? neverAborted, deliveries),
    {
      connection: redis,
      prefix: keyPrefix(graphName),
      autorun: false,
      concurrency,
      maxStalledCount,
      lockDuration,
      stalledInterval,
      removeOnComplete: retention.completed,
      removeOnFail: retention.failed,
      settings: { backoffStrategy: (made) => pauseAfter(made, notifyPauses) },
    },
  );
  guardWorker(worker, redis);
  holdCommands(worker, outages);
  keepLocksRenewed(worker, lockDuration);
  worker.on("failed", (job, { message }) => {
    if (job?.finishedOn === undefined) return;
    const { jobId } = job.data as Partial<NotificationData>;
    log(`notify: job ${onOneLine(String(jobId))}: ${onOneLine(message, 1_000)}`, {
      level: "warn",
      job: jobId,
    });
  });
  worker.on("error", (error) => {
    if (!outages.takes(error)) log(`notify: ${error.message}`, { level: "error" });
  });
  return worker;
}

/** The pause after that many tries, in ms. */
export function pauseAfter(tries: number, pauses: readonly number[]): number {
  return Math.round((pauses[tries - 1] ?? pauses.at(-1) ?? 0) * (1 + Math.random() / 5));
}

/** @throws BullMQ's own errors */
async function deliver(
  job: Job,
  token: string | undefined,
  signal: AbortSignal,
  { redis, graphName, policy, metrics }: Deliveries,
): Promise<void> {
  const { success, data } = notificationData.safeParse(job.data);
  if (!success) throw new UnrecoverableError(formatFailedReason("INVALID_JOB", "this is no notification"));
  const attempts = job.attemptsMade + 1;
  const key = `${keyPrefix(graphName)}:${data.queue}:${data.jobId}`;
  try {
    await postNotification({ ...data, id: job.id ?? "" }, policy, signal);
  } catch (error) {
    if (signal.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const { code, message } = failureOf(error);
    const lastError = formatFailedReason(code, message);
    const isFinal = !isTransient(code) || attempts >= (job.opts.attempts ?? 1);
    metrics.notified(isFinal ? "failed" : "retried");
    const state = isFinal ? "failed" : "pending";
    await writeCallbackRecord(redis, key, data, { state, attempts, lastError, deliveredAt: null });
    throw isFinal ? new UnrecoverableError(lastError) : new Error(lastError, { cause: error });
  }
  metrics.notified("delivered");
  const delivered = { state: "delivered", attempts, lastError: null, deliveredAt: Date.now() } as const;
  await writeCallbackRecord(redis, key, data, delivered);
}
