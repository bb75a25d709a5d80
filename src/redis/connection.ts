// Connections to Redis, whatever its form: how a producer gives up within seconds and a worker never does.
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { JobError } from "../jobs/index.js";
import { connectRedis } from "./client.js";
import { describeRedis } from "./url.js";

/** How long a producer puts up with a Redis that is not there, in ms. */
const patience = 4_000;
/** How long with one that is there and does not answer. */
const answerPatience = 10_000;
/** How long until a connection on which nothing comes is replaced: a host that has vanished closes none. */
const silence = { hasty: 5_000, patient: 15_000 };
/** How long until something is sent again that could not be, in ms. */
const interval = 100;
/**
 * A connection that waits for Redis with endless patience: for workers and for listening to events.
 * @param key in the slot that is needed of a cluster
 * @throws `QUEUE_UNAVAILABLE` for a URL that is none, or names files that cannot be used
 */
export function connectWithRetry(url: string, key: string): Redis {
  const redis = connectRedis(url, key, {
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    // What blocks does so for ten seconds at most.
    socketTimeout: silence.patient,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
    // Over a new connection, and again until it is done.
    reconnectOnError: (error) => (isPassing(error) || isMoved(error) ? 2 : false),
  });
  // A refused connection is tried again; BullMQ and the callers report what lasts.
  redis.on("error", () => undefined);
  return redis;
}

/** Whether Redis answers for a key within two seconds. */
export async function answersFor(redis: Redis, key: string): Promise<boolean> {
  if (redis.status !== "ready") return false;
  let timer: NodeJS.Timeout | undefined;
  const noAnswer = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, 2_000, false);
  });
  const answer = redis.exists(key).then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answer, noAnswer]);
  } finally {
    clearTimeout(timer);
  }
}

/** A producer's connection, which fails within seconds when Redis is not there. */
export interface FailFastConnection {
  readonly redis: Redis;
  /**
   * Runs an operation once the connection is ready.
   * @throws `QUEUE_UNAVAILABLE` if it is not within 4 s, or is lost on the way and not back in time, or does not answer
   * within 10 s.
   */
  attempt<T>(operation: () => Promise<T>): Promise<T>;
  /** Called when Redis has been away for 4 s; again after each later outage. */
  onOutage(listener: (error: JobError) => void): void;
  /** Called when a lost connection is back. */
  onReturn(listener: () => void): void;
  close(): void;
}

/**
 * Opens a producer's connection. It keeps trying in the background, so that a service outlives an outage.
 * @param key in the slot that the producer needs of a cluster
 * @throws `QUEUE_UNAVAILABLE` for a URL that is none, or names files that cannot be used
 */
export function connectFailFast(url: string, key: string): FailFastConnection {
  const redis = connectRedis(url, key, {
    // Nothing is queued for later: what was reported as failed must not happen afterwards.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 3,
    connectTimeout: 2_000,
    commandTimeout: answerPatience,
    socketTimeout: silence.hasty,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
    reconnectOnError: (error) => (isMoved(error) ? 2 : isPassing(error)),
  });
  let lastError: Error | undefined;
  const outageListeners: ((error: JobError) => void)[] = [];
  const returnListeners: (() => void)[] = [];
  const unavailable = (cause: unknown = lastError) =>
    new JobError("QUEUE_UNAVAILABLE", `Redis at ${describeRedis(url)} ${complaint(cause)}`, { cause });

  /** Who waits for the connection: of any number of them it has one listener, so that Node does not warn of a leak. */
  const waiting = new Set<(isReady: boolean) => void>();
  let wasReady = false;
  let countdown: NodeJS.Timeout | undefined;
  const lost = () => {
    countdown ??= setTimeout(() => {
      for (const listener of outageListeners) listener(unavailable());
    }, patience);
  };
  const back = () => {
    clearTimeout(countdown);
    countdown = undefined;
    for (const settle of waiting) settle(true);
    if (wasReady) for (const listener of returnListeners) listener();
    wasReady = true;
  };
  const note = (error: Error) => {
    lastError = error;
  };
  redis.on("error", note);
  redis.on("ready", back);
  redis.on("end", () => {
    for (const settle of waiting) settle(false);
  });
  redis.on("close", lost);

  const ready = async () => {
    if (redis.status === "ready") return;
    await new Promise<void>((resolve, reject) => {
      const settle = (isReady: boolean) => {
        clearTimeout(timer);
        waiting.delete(settle);
        if (isReady) resolve();
        else reject(unavailable());
      };
      const timer = setTimeout(settle, patience, false);
      waiting.add(settle);
    });
  };

  return {
    redis,
    async attempt(operation) {
      for (const end = Date.now() + patience; ; await sleep(interval)) {
        await ready();
        try {
          return await operation();
        } catch (error) {
          if (!isConnectionError(error)) throw error;
          const wasSent = !error.message.includes("enableOfflineQueue");
          if (wasSent) throw unavailable(error);
          if (Date.now() > end) throw unavailable(lastError ?? error);
        }
      }
    },
    onOutage: (listener) => outageListeners.push(listener),
    onReturn: (listener) => returnListeners.push(listener),
    close() {
      clearTimeout(countdown);
      redis.removeAllListeners("close");
      redis.disconnect();
    },
  };
}

/**
 * What a server answers while it becomes a replica, is loading, knows of no whole cluster, or may not write for now (Redis, "Replication",
 * `min-replicas-to-write`; "Persistence", `stop-writes-on-bgsave-error`): another one, or itself, will do it soon.
 */
function isPassing(error: Error): boolean {
  return /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|UNBLOCKED|NOREPLICAS|MISCONF)\b/.test(error.message);
}

/** What a node of a cluster answers that has not done it, for another one has the slot by now. */
function isMoved(error: Error): boolean {
  return /^(MOVED|ASK|TRYAGAIN)\b/.test(error.message);
}

function isConnectionError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (
    ["MaxRetriesPerRequestError", "ConnectionClosedError"].includes(error.name) ||
    isPassing(error) ||
    isRefusal(error) ||
    /Connection is closed|enableOfflineQueue|ECONNREFUSED|ECONNRESET|EPIPE|LOADING|CLUSTERDOWN|Command timed out/.test(
      error.message,
    )
  );
}

/** Redis is there, but not for this user. */
function isRefusal(error: Error): boolean {
  return /\b(NOAUTH|WRONGPASS|NOPERM)\b/.test(error.message);
}

function complaint(cause: unknown): string {
  if (!(cause instanceof Error)) return "does not answer";
  const first = cause instanceof AggregateError ? ((cause.errors[0] as Error | undefined) ?? cause) : cause;
  const { message } = first;
  if (isRefusal(first) || isPassing(first)) return `refuses: ${message}`;
  return message === "" ? "does not answer" : `does not answer: ${message}`;
}
