// Watches jobs for any number of clients. What several of them ask for at once is read once.
import type { AnyQueueName } from "../../jobs/index.js";
import type { FailFastConnection } from "../../redis/index.js";
import type { GraphQueues } from "../graph-queues.js";
import type { Interest } from "./event-stream.js";
import type { JobEvents } from "./job-events.js";
import type { JobPresence } from "./job-presence.js";
import { type JobSnapshot, readSnapshot } from "./job-snapshot.js";
import { openReplay, type Replay } from "./replay.js";
import { jobGone } from "./stream-entry.js";
import { isEnd, type JobWatch, type Watcher, watchJob } from "./watch-job.js";

/** Watches a job as `watchJob` does; undefined also for a queue that the graph does not have. */
export type WatchJob = (
  job: { readonly queue: string; readonly id: string },
  watcher: Watcher,
  gone: () => void,
  after?: string,
) => Promise<JobWatch | undefined>;

export function openJobWatches(
  connection: FailFastConnection,
  queues: GraphQueues,
  eventsOf: (queue: AnyQueueName) => Promise<JobEvents>,
  register: (interest: Interest) => () => void,
  presence: JobPresence,
): WatchJob {
  const replays = new Map<AnyQueueName, Replay>();
  const replayOf = (queue: AnyQueueName) => {
    const replay = replays.get(queue) ?? openReplay(queues.of(queue), connection.redis, connection.attempt);
    replays.set(queue, replay);
    return replay;
  };
  const snapshots = new Map<string, Promise<JobSnapshot | undefined>>();
  /** Callers in the same turn of the event loop share one reading. */
  const snapshotOf = (queue: AnyQueueName, id: string) => {
    const key = `${queue}/${id}`;
    const asked =
      snapshots.get(key) ??
      Promise.resolve().then(() => {
        snapshots.delete(key);
        return connection.attempt(() => readSnapshot(connection.redis, queues.of(queue), id));
      });
    snapshots.set(key, asked);
    return asked;
  };
  return async ({ queue: name, id }, watcher, gone, after) => {
    const queue = await queues.named(name);
    if (queue === undefined) return undefined;
    const events = await eventsOf(queue);
    const snapshot = () => snapshotOf(queue, id);
    let hasEnded = false;
    const hear: Watcher = (event, eventId) => {
      hasEnded ||= isEnd(event);
      watcher(event, eventId);
    };
    const watch = await watchJob(
      id,
      { events, replay: replayOf(queue), snapshot, register },
      hear,
      gone,
      after,
    );
    if (watch === undefined || watch.isOver) return watch;
    const unguard = presence.guard(queues.of(queue), id, () => {
      if (!hasEnded) hear({ state: "failed", error: jobGone(id) });
    });
    return {
      ...watch,
      stop() {
        unguard();
        watch.stop();
      },
    };
  };
}
