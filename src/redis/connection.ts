// The two kinds of connections to Redis: a producer's fails fast, a worker's tries again for ever.
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { JobError } from "../terms/index.js";
import { connectRedis } from "./client.js";
import { refusalOf } from "./refusals.js";
import { describeRedis } from "./url.js";

/** How long a producer waits for a connection, in ms. */
const connectionTimeout = 4_000;
/** How long a producer waits for an answer on a connection, in ms. */
const answerTimeout = 10_000;
/**
 * After what silence a connection is replaced, in ms: a host that has vanished closes none. BullMQ's blocking commands
 * are silent for ten seconds at most.
 */
const silenceTimeout = { failFast: 5_000, withRetry: 15_000 };
/** How long a producer waits before it sends again what could not be sent, in ms. */
const retryInterval = 100;

/**
 * Opens a connection that waits for Redis for ever: for workers and for listening to events.
 * @param key selects the node of a cluster: the master of the key's slot
 * @throws `QUEUE_UNAVAILABLE` for a URL that is not valid, or names files that cannot be used
 */
export function connectWithRetry(url: string, key: string): Redis {
  const redis = connectRedis(url, key, {
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    socketTimeout: silenceTimeout.withRetry,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
    // 2: the command is sent again over the new connection.
    reconnectOnError: (error) => (asksForReconnection(error) || isMoved(error) ? 2 : false),
  });
  // ioredis tries again by itself; BullMQ and the callers report what lasts.
  redis.on("error", () => undefined);
  return redis;
}

/** Whether the server that has the key answers within two seconds. */
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
   * @throws `QUEUE_UNAVAILABLE` if there is no connection within 4 s, if it is lost before the answer has come, or if
   * there is no answer within 10 s; what the operation throws
   */
  attempt<T>(operation: () => Promise<T>): Promise<T>;
  /** The listener is called in each outage, when Redis has been away for 4 s. */
  onOutage(listener: (error: JobError) => void): void;
  /** The listener is called whenever a lost connection is back. */
  onReturn(listener: () => void): void;
  close(): void;
}

/**
 * Opens a producer's connection. It connects again in the background, so that a service outlives an outage.
 * @param key selects the node of a cluster: the master of the key's slot
 * @throws `QUEUE_UNAVAILABLE` for a URL that is not valid, or names files that cannot be used
 */
export function connectFailFast(url: string, key: string): FailFastConnection {
  const redis = connectRedis(url, key, {
    // No command is queued for later: what was reported as failed must not happen afterwards.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 3,
    connectTimeout: 2_000,
    commandTimeout: answerTimeout,
    socketTimeout: silenceTimeout.failFast,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
    reconnectOnError: (error) => (isMoved(error) ? 2 : asksForReconnection(error)),
  });
  let lastError: Error | undefined;
  const outageListeners: ((error: JobError) => void)[] = [];
  const returnListeners: (() => void)[] = [];
  const unavailable = (cause: unknown = lastError) =>
    new JobError("QUEUE_UNAVAILABLE", `Redis at ${describeRedis(url)} ${describeFailure(cause)}`, { cause });

  /** The operations that wait for the connection. It has one listener for all of them: Node warns of more than ten. */
  const waiting = new Set<(isReady: boolean) => void>();
  let wasReady = false;
  let countdown: NodeJS.Timeout | undefined;
  const onClose = () => {
    countdown ??= setTimeout(() => {
      for (const listener of outageListeners) listener(unavailable());
    }, connectionTimeout);
  };
  const onReady = () => {
    clearTimeout(countdown);
    countdown = undefined;
    for (const settle of waiting) settle(true);
    if (wasReady) for (const listener of returnListeners) listener();
    wasReady = true;
  };
  redis.on("error", (error: Error) => {
    lastError = error;
  });
  redis.on("ready", onReady);
  redis.on("end", () => {
    for (const settle of waiting) settle(false);
  });
  redis.on("close", onClose);

  const ready = async () => {
    if (redis.status === "ready") return;
    await new Promise<void>((resolve, reject) => {
      const settle = (isReady: boolean) => {
        clearTimeout(timer);
        waiting.delete(settle);
        if (isReady) resolve();
        else reject(unavailable());
      };
      const timer = setTimeout(settle, connectionTimeout, false);
      waiting.add(settle);
    });
  };

  return {
    redis,
    async attempt(operation) {
      for (const end = performance.now() + connectionTimeout; ; await sleep(retryInterval)) {
        await ready();
        try {
          return await operation();
        } catch (error) {
          if (!isConnectionError(error)) throw error;
          const wasSent = !error.message.includes("enableOfflineQueue");
          if (wasSent) throw unavailable(error);
          if (performance.now() > end) throw unavailable(lastError ?? error);
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

/** True for a refusal after which another server may be reached, or this one in another state. */
function asksForReconnection(error: Error): boolean {
  return refusalOf(error)?.reconnects ?? false;
}

/** True for a cluster's answer that another node has the slot by now: the command was not run. */
function isMoved(error: Error): boolean {
  return /^(MOVED|ASK|TRYAGAIN)\b/.test(error.message);
}

function isConnectionError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (
    ["MaxRetriesPerRequestError", "ConnectionClosedError"].includes(error.name) ||
    refusalOf(error) !== undefined ||
    /Connection is closed|enableOfflineQueue|ECONNREFUSED|ECONNRESET|EPIPE|Command timed out/.test(
      error.message,
    )
  );
}

function describeFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return "does not answer";
  const first = cause instanceof AggregateError ? ((cause.errors[0] as Error | undefined) ?? cause) : cause;
  const { message } = first;
  const refusal = refusalOf(first);
  if (refusal !== undefined) return `refuses: ${refusal.message}`;
  return message === "" ? "does not answer" : `does not answer: ${message}`;
}
