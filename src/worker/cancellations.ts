// The jobs that somebody asked to end, in whatever process: this one ends those that it runs, and begins none of them.
import type { Job } from "bullmq";
import type { Redis } from "ioredis";
import { StevedoreError } from "../error.js";
import { type CancellationMessage, cancellationKeys } from "../jobs/index.js";

export interface Cancellations {
  /** The signal of a try that begins: aborted as the one that is handed in, and when the job, or its batch, is cancelled. */
  begin(job: Job, signal: AbortSignal): RunningTry;
  /** To be called when a job has failed for good: a request for its end is fulfilled. */
  ended(id: string): void;
  close(): void;
}

/** A try of a job; disposed of when it has ended. */
export interface RunningTry extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Listens for requests. One that comes while Redis is away is found when it is back.
 * @param redis whose address is used for a connection of its own
 */
export async function openCancellations(redis: Redis, graphName: string): Promise<Cancellations> {
  const { requests, channel } = cancellationKeys(graphName);
  const running = new Map<string, Set<AbortController>>();
  const cancelled = new Set<string>();

  const note = ({ id, isFulfilled }: CancellationMessage) => {
    if (isFulfilled) cancelled.delete(id);
    else {
      cancelled.add(id);
      for (const controller of running.get(id) ?? []) end(controller, id);
    }
  };
  const listener = redis.duplicate();
  // Refused connections are tried again.
  listener.on("error", () => undefined);
  listener.on("message", (_, message) => note(JSON.parse(message) as CancellationMessage));
  const readAll = async () => {
    // What was told of before this connection was there.
    const ids = await redis.zrange(requests, "0", "-1");
    cancelled.clear();
    for (const id of ids) note({ id, isFulfilled: false });
  };
  await listener.subscribe(channel);
  listener.on("ready", () => void readAll().catch(() => undefined));
  await readAll();

  return {
    begin(job, signal) {
      const own = new AbortController();
      const ids = [job.id, job.parent?.id].filter((id) => id !== undefined);
      for (const id of ids) {
        running.set(id, (running.get(id) ?? new Set()).add(own));
        if (cancelled.has(id)) end(own, id);
      }
      return {
        signal: AbortSignal.any([signal, own.signal]),
        [Symbol.dispose]() {
          for (const id of ids) {
            const controllers = running.get(id);
            controllers?.delete(own);
            if (controllers?.size === 0) running.delete(id);
          }
        },
      };
    },
    ended(id) {
      if (!cancelled.delete(id)) return;
      const message: CancellationMessage = { id, isFulfilled: true };
      const done = redis.multi().zrem(requests, id).publish(channel, JSON.stringify(message)).exec();
      // A request that stays ends no more than a job of the same id.
      done.catch(() => undefined);
    },
    close() {
      listener.disconnect();
    },
  };
}

function end(controller: AbortController, id: string): void {
  controller.abort(new StevedoreError("CANCELLED", `the job ${id} was cancelled`));
}
