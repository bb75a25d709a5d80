// The jobs whose cancellation was requested, in whatever process: this worker aborts those that it runs, and starts none.
import type { Job } from "bullmq";
import type { Redis } from "ioredis";
import { type CancellationMessage, cancellationKeys, cancellationName } from "../jobs/index.js";
import { fulfilCancellation } from "../producer/index.js";

export interface Cancellations {
  /**
   * Registers a try that begins, until it is disposed of.
   * @param cancel aborts it: called when the job, or its batch, is cancelled; at once if that has happened already
   */
  begin(job: Job, cancel: () => void): Disposable;
  /** To be called when a job has failed for good: a request to cancel it is fulfilled. */
  ended(job: Job): void;
  close(): void;
}

/** How often the requests are read that the listener may have missed, in ms. */
const interval = 5_000;

/**
 * Listens for requests. Those that are made during an outage are read when Redis is back.
 * @param redis is duplicated, because a subscription needs a connection of its own
 */
export async function openCancellations(redis: Redis, graphName: string): Promise<Cancellations> {
  const { requests, channel } = cancellationKeys(graphName);
  const running = new Map<string, { readonly batch: string | undefined; readonly cancel: () => void }>();
  const cancelled = new Set<string>();

  const note = ({ id, isFulfilled }: CancellationMessage) => {
    if (isFulfilled) cancelled.delete(id);
    else {
      cancelled.add(id);
      for (const [name, { batch, cancel }] of running) if (name === id || batch === id) cancel();
    }
  };
  const listener = redis.duplicate();
  // ioredis tries again by itself.
  listener.on("error", () => undefined);
  listener.on("message", (_, message) => note(JSON.parse(message) as CancellationMessage));
  const readAll = async () => {
    // The requests that were made before this connection was there.
    const ids = await redis.zrange(requests, "0", "-1");
    cancelled.clear();
    for (const id of ids) note({ id, isFulfilled: false });
  };
  await listener.subscribe(channel);
  const readAgain = () => void readAll().catch(() => undefined);
  listener.on("ready", readAgain);
  await readAll();
  // A host that has vanished closes no connection, and the listener, which sends nothing, would not notice.
  const reading = setInterval(readAgain, interval);

  return {
    begin(job, cancel) {
      const name = nameOf(job);
      const batch = nameOfParent(job);
      running.set(name, { batch, cancel });
      if (cancelled.has(name) || (batch !== undefined && cancelled.has(batch))) cancel();
      return { [Symbol.dispose]: () => void running.delete(name) };
    },
    ended(job) {
      const name = nameOf(job);
      if (!cancelled.delete(name)) return;
      // If this fails, the request stays, and can only end a job of the same id.
      fulfilCancellation(redis, graphName, name).catch(() => undefined);
    },
    close() {
      clearInterval(reading);
      listener.disconnect();
    },
  };
}

function nameOf({ id = "", queueName }: Job): string {
  return cancellationName({ id, queue: queueName });
}

function nameOfParent({ parent }: Job): string | undefined {
  if (parent?.id === undefined) return undefined;
  // `<prefix>:<queue>`, and no queue's name has a colon.
  return cancellationName({
    id: parent.id,
    queue: parent.queueKey.slice(parent.queueKey.lastIndexOf(":") + 1),
  });
}
