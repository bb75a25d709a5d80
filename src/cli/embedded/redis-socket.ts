// Connects to the Redis of a root on its unix socket, without trying again.

import { once } from "node:events";
import { openSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { rootPath } from "../../disk/index.js";
import { StevedoreError } from "../../terms/index.js";

/** A unix socket's address takes 108 bytes, the last of them NUL (unix(7)). */
const socketPathLimit = 107;

/** The socket's path; if that is too long, a path through this process's descriptor of the directory. */
export async function socketAddress(root: string): Promise<string> {
  const path = rootPath(root, "redisSocket");
  if (Buffer.byteLength(path) <= socketPathLimit) return path;
  // Open for as long as the process lives and connects through it: no garbage collector closes a plain descriptor.
  const directory = openSync(dirname(path), "r");
  return `/proc/${process.pid}/fd/${directory}/${basename(path)}`;
}

/** Connects once, without trying again; undefined if nobody listens. */
export async function connect(url: string): Promise<Redis | undefined> {
  const redis = new Redis({
    path: url,
    lazyConnect: true,
    // ioredis's check would wait whole seconds for a server that loads its file within milliseconds.
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let refused: NodeJS.ErrnoException | undefined;
  redis.on("error", (error: NodeJS.ErrnoException) => {
    refused ??= error;
  });
  try {
    await redis.connect();
    await loaded(redis);
    return redis;
  } catch (error) {
    // Disconnecting what never connected would keep the process alive for ioredis's time-out.
    if (redis.status !== "end") redis.disconnect();
    // The last two of one that is being stopped by its last holder.
    if (["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(refused?.code ?? "")) return undefined;
    const message = (refused ?? (error as Error)).message;
    if (/Connection is closed/.test(message)) return undefined;
    throw new StevedoreError("QUEUE_UNAVAILABLE", `the embedded Redis at ${url}: ${message}`, {
      cause: error,
    });
  }
}

/** Resolves when the server has loaded its file. */
async function loaded(redis: Redis): Promise<void> {
  for (;;) {
    try {
      await redis.ping();
      return;
    } catch (error) {
      if (!(error as Error).message.startsWith("LOADING ")) throw error;
      await sleep(10);
    }
  }
}

/** Resolves when a connection has ended. After `limit` ms it is disconnected. */
export async function ended(hold: Redis, limit: number): Promise<void> {
  if (hold.status === "end") return;
  await once(hold, "end", { signal: AbortSignal.timeout(limit) }).catch(() => hold.disconnect());
}
