// Counts the jobs that end, by when they did: every server that hears of them comes to the same numbers.
import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, type Producer } from "../../producer/index.js";

/** How many jobs have ended well, failed, or were cancelled. */
type EndedJobs = Readonly<Record<"completed" | "failed" | "cancelled", number>>;

export interface JobTally {
  /** Those of the interval that begins at `at`, in ms since the epoch; those of earlier ones are forgotten. */
  take(at: number): EndedJobs;
}

/** How long until the events are asked for again where Redis was not there to begin with, in ms. */
const retryInterval = 2_000;

/** Counts until the signal aborts. @param interval in ms */
export function startJobTally(producer: Producer, interval: number, signal: AbortSignal): JobTally {
  const none: EndedJobs = { completed: 0, failed: 0, cancelled: 0 };
  const counted = new Map<number, EndedJobs>();
  const listen = async () => {
    for await (const events of await producer.events(signal)) {
      for (const event of events) {
        if (!("at" in event) || !isTallied(event.state)) continue;
        const at = Math.floor(event.at / interval) * interval;
        const counts = counted.get(at) ?? none;
        counted.set(at, { ...counts, [event.state]: counts[event.state] + 1 });
      }
    }
  };
  void (async () => {
    while (!signal.aborted) {
      await listen().catch(() => undefined);
      await sleep(retryInterval, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    take(at) {
      const taken = counted.get(at) ?? none;
      for (const known of counted.keys()) if (known <= at) counted.delete(known);
      return taken;
    },
  };
}

function isTallied(state: string): state is keyof EndedJobs {
  return hasEnded({ state });
}
