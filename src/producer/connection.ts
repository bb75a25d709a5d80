// Connections to Redis: how a URL is read, how a producer gives up within seconds and a worker never does.
import { Redis } from "ioredis";
import { JobError } from "../jobs/index.js";

/** How long a producer puts up with a Redis that is not there, in ms. */
const patience = 4_000;

/** What ioredis takes to reach one server. */
interface RedisAddress {
  path?: string;
  host?: string;
  port?: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: Record<string, never>;
}

/**
 * Reads `redis://`, `rediss://`, `unix:///path/redis.sock` or a plain absolute socket path.
 * @throws `QUEUE_UNAVAILABLE` for anything else, without repeating a password.
 */
export function redisAddress(url: string): RedisAddress {
  if (url.startsWith("/")) return { path: url };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "unix:") return { path: decodeURIComponent(parsed.pathname) };
  if (parsed === undefined || !["redis:", "rediss:"].includes(parsed.protocol)) {
    throw new JobError(
      "QUEUE_UNAVAILABLE",
      "the Redis URL is not one: use redis://host:port, rediss://host:port or unix:///path/redis.sock",
    );
  }
  const db = parsed.pathname.slice(1);
  return {
    host: decodeURIComponent(parsed.hostname).replace(/^\[(.*)\]$/, "$1") || "127.0.0.1",
    port: parsed.port === "" ? 6379 : Number(parsed.port),
    ...(parsed.username === "" ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === "" ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(/^\d+$/.test(db) ? { db: Number(db) } : {}),
    ...(parsed.protocol === "rediss:" ? { tls: {} } : {}),
  };
}

/** A Redis URL as it may be shown: without user and password. */
export function describeRedis(url: string): string {
  const { path, host, port } = redisAddress(url);
  return path ?? `${host}:${port}`;
}

/** A connection that waits for Redis with endless patience: for workers and for listening to events. */
export function connectPatiently(url: string): Redis {
  const redis = new Redis({
    ...redisAddress(url),
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  // A refused connection is tried again; BullMQ and the callers report what lasts.
  redis.on("error", () => undefined);
  return redis;
}

/** A producer's connection, which fails within seconds when Redis is not there. */
export interface HastyConnection {
  readonly redis: Redis;
  /**
   * Runs an operation once the connection is ready.
   * @throws `QUEUE_UNAVAILABLE` if it is not within 4 s, or is lost on the way and not back in time.
   */
  attempt<T>(operation: () => Promise<T>): Promise<T>;
  /** Called when Redis has been away for 4 s; again after each later outage. */
  onOutage(listener: (error: JobError) => void): void;
  /** Called when a lost connection is back. */
  onReturn(listener: () => void): void;
  close(): void;
}

/** Opens a producer's connection. It keeps trying in the background, so that a service outlives an outage. */
export function connectHastily(url: string): HastyConnection {
  const redis = new Redis({
    ...redisAddress(url),
    // Nothing is queued for later: what was reported as failed must not happen afterwards.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 3,
    connectTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
  });
  let lastError: Error | undefined;
  const outageListeners: ((error: JobError) => void)[] = [];
  const returnListeners: (() => void)[] = [];
  const unavailable = (cause: unknown = lastError) =>
    new JobError("QUEUE_UNAVAILABLE", `Redis at ${describeRedis(url)} does not answer${reason(cause)}`, {
      cause,
    });

  /** Who waits for the connection: of any number of them it has one listener, so that Node does not warn of a leak. */
  const waiting = new Set<(isReady: boolean) => void>();
  let wasReady = false;
  let countdown: NodeJS.Timeout | undefined;
  redis.on("error", (error: Error) => {
    lastError = error;
  });
  redis.on("ready", () => {
    clearTimeout(countdown);
    countdown = undefined;
    for (const settle of waiting) settle(true);
    if (wasReady) for (const listener of returnListeners) listener();
    wasReady = true;
  });
  redis.on("end", () => {
    for (const settle of waiting) settle(false);
  });
  redis.on("close", () => {
    countdown ??= setTimeout(() => {
      for (const listener of outageListeners) listener(unavailable());
    }, patience);
  });

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
      await ready();
      try {
        return await operation();
      } catch (error) {
        throw isConnectionError(error) ? unavailable(error) : error;
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

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ["MaxRetriesPerRequestError", "ConnectionClosedError"].includes(error.name) ||
    /Connection is closed|enableOfflineQueue|ECONNREFUSED|ECONNRESET|EPIPE|LOADING|NOAUTH|WRONGPASS/.test(
      error.message,
    )
  );
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  const { message } =
    cause instanceof AggregateError ? ((cause.errors[0] as Error | undefined) ?? cause) : cause;
  return message === "" ? "" : `: ${message}`;
}
