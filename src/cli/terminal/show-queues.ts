// Shows the queues on the whole of a terminal, redrawn after each event.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { WriteStream } from "node:tty";
import { type AnyQueueName, parseProgress, queueNames, subjectOf } from "../../jobs/index.js";
import { hasEnded, type QueueCounts } from "../../producer/index.js";
import { openLiveDisplay } from "./live-display.js";
import type { QueueWatch } from "./queue-watch.js";
import { type QueuesView, queuesLines } from "./queues-view.js";
import { addSample, rate, type Sample } from "./rate.js";

/** The least time between two drawings, and the most without an event, in ms: workers come and go without one. */
const interval = 500;
const idleInterval = 2_000;
/** Over how long rates are measured, in ms. */
const window = 10_000;
/** How many records are read: more than a terminal has room for. */
const mostRecords = 100;

/** Shows the queues until the signal aborts, then restores the terminal. */
export async function showQueues({
  context,
  producer,
  events,
  state,
  address,
  begun,
  away,
  signal,
}: QueueWatch) {
  const now = () => performance.now();
  const ended = new Map<AnyQueueName, number>(queueNames.map((queue) => [queue, 0]));
  const endedSamples = new Map<AnyQueueName, readonly Sample[]>(
    queueNames.map((queue) => [queue, [{ at: now(), value: 0 }]]),
  );
  let progressSamples = new Map<string, readonly Sample[]>();
  let view: QueuesView = {
    title: `graph ${context.config.graph} at ${address}`,
    notice: undefined,
    queues: [],
    helpers: undefined,
    active: [],
    listed: undefined,
  };

  /** Reads the state of the queues. */
  const read = async () => {
    const listedState = state ?? "failed";
    const shown = Object.entries(await producer.counts()) as [AnyQueueName, QueueCounts][];
    const [paused, helpers, active, batches, records, ...workers] = await Promise.all([
      producer.paused(),
      producer.compressors(),
      producer.recent("active", mostRecords),
      producer.recent("waiting-children", mostRecords),
      producer.recent(listedState, mostRecords),
      ...shown.map(([queue]) => producer.workers(queue)),
    ]);
    const at = now();
    const samples = new Map<string, readonly Sample[]>();
    const atWork = [...active, ...batches].toReversed().flatMap((record) => {
      const progress = parseProgress(record.progress);
      if (progress === undefined) return [];
      const ofJob = addSample(progressSamples.get(record.id) ?? [], { at, value: progress.done }, window);
      samples.set(record.id, ofJob);
      return [{ label: subjectOf(record) || record.name, progress, rate: rate(ofJob, at, window) }];
    });
    progressSamples = samples;
    view = {
      ...view,
      queues: shown.map(([queue, counts], place) => ({
        queue,
        counts,
        workers: workers[place] ?? 0,
        isPaused: paused.includes(queue),
        rate: rate(endedSamples.get(queue) ?? [], at, window),
      })),
      helpers,
      active: state === undefined || state === "active" ? atWork : [],
      listed: { state: listedState, records },
    };
  };

  /** True if there were events since the state was read. */
  let stale = false;
  let wake = () => {};
  const happened = () => {
    stale = true;
    wake();
  };
  const listen = async () => {
    for await (const batch of events) {
      for (const event of batch) {
        if ("connection" in event) {
          view = { ...view, notice: event.connection === "lost" ? away(event.error) : undefined };
        } else if (hasEnded(event)) {
          ended.set(event.queue, (ended.get(event.queue) ?? 0) + 1);
        }
      }
      for (const [queue, value] of ended) {
        const samples = endedSamples.get(queue) ?? [{ at: now(), value: 0 }];
        endedSamples.set(queue, addSample(samples, { at: now(), value }, window));
      }
      happened();
    }
  };

  await read();
  const notice = await begun();
  view = { ...view, notice };
  const display = openLiveDisplay(
    process.stdout as WriteStream,
    (size) => queuesLines(view, size, context.paint),
    {
      interval,
      fullScreen: true,
    },
  );
  context.setDisplay(display);
  const stopped = aborted(signal);
  const listening = listen();
  try {
    while (!signal.aborted) {
      display.changed();
      const something = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!stale) await Promise.race([something, pause(idleInterval, signal)]);
      await pause(interval, signal);
      stale = false;
      // Without Redis the last state stays, with the notice.
      await Promise.race([read().catch(() => undefined), stopped]);
    }
    await listening;
  } finally {
    context.setDisplay(undefined);
    display.close();
  }
}

/** Waits for `ms` or the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Resolves when the signal has aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
