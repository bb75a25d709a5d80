// Hears of jobs: one listener per queue on Redis's event stream, shared by all that wait or follow.
import { QueueEvents } from "bullmq";
import { keyPrefix, type Progress, parseFailedReason, type QueueName } from "../jobs/index.js";
import { connectPatiently, type HastyConnection } from "./connection.js";
import type { JobState } from "./job-records.js";

/** What became of a job. */
export interface JobUpdate {
  readonly state: JobState;
  /** With state `active`: how far it is. */
  readonly progress?: Progress;
  /** With state `completed`. */
  readonly result?: unknown;
  /** With state `failed`. */
  readonly error?: ReturnType<typeof parseFailedReason>;
}

export interface JobEvents {
  /** Calls the listener with every update of a job from now on. Returns what ends that. */
  listen(jobId: string, listener: (update: JobUpdate) => void): () => void;
  close(): Promise<void>;
}

/** Starts to hear of a queue's jobs. No event that happens after this resolves is missed. */
export async function openJobEvents(
  connection: HastyConnection,
  url: string,
  graphName: string,
  queue: QueueName,
): Promise<JobEvents> {
  const prefix = keyPrefix(graphName);
  // "From now on" has a gap between the subscription and the first read; a fixed position has none.
  const [newest] = await connection.attempt(() =>
    connection.redis.xrevrange(`${prefix}:${queue}:events`, "+", "-", "COUNT", 1),
  );
  const redis = connectPatiently(url);
  const events = new QueueEvents(queue, { connection: redis, prefix, lastEventId: newest?.[0] ?? "0-0" });
  events.on("error", () => undefined);

  const listeners = new Map<string, Set<(update: JobUpdate) => void>>();
  const tell = (jobId: string, update: JobUpdate) => {
    for (const listener of listeners.get(jobId) ?? []) listener(update);
  };
  events.on("waiting", ({ jobId }) => tell(jobId, { state: "waiting" }));
  events.on("delayed", ({ jobId }) => tell(jobId, { state: "delayed" }));
  events.on("active", ({ jobId }) => tell(jobId, { state: "active" }));
  events.on("progress", ({ jobId, data }) => tell(jobId, { state: "active", progress: data as Progress }));
  events.on("completed", ({ jobId, returnvalue }) =>
    tell(jobId, { state: "completed", result: returnvalue }),
  );
  events.on("removed", ({ jobId }) =>
    tell(jobId, { state: "failed", error: { code: "CANCELLED", message: "the job was taken back" } }),
  );
  events.on("failed", ({ jobId, failedReason }) =>
    tell(jobId, { state: "failed", error: parseFailedReason(failedReason) }),
  );

  return {
    listen(jobId, listener) {
      const ofJob = listeners.get(jobId) ?? new Set();
      listeners.set(jobId, ofJob.add(listener));
      return () => {
        ofJob.delete(listener);
        if (ofJob.size === 0) listeners.delete(jobId);
      };
    },
    async close() {
      await events.close();
      redis.disconnect();
    },
  };
}
