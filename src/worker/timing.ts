// How long a worker may be silent before it is taken for dead. Tests that kill workers shorten it; nobody else should, for a
// worker on a busy host may be silent for seconds.
import { notifyPauses, workerStatusInterval } from "../jobs/index.js";
import { type OutageTiming, outageTiming } from "../redis/index.js";

/** Times in ms. */
export interface WorkerTiming {
  /** How long a job may be without a sign of life before another worker takes it. */
  readonly lockDuration: number;
  /** How often jobs without a sign of life are looked for. */
  readonly stalledInterval: number;
  /** How often the worker tells its status. */
  readonly statusInterval: number;
  /** When an outage of Redis is told of. */
  readonly outage: OutageTiming;
  /** How often callbacks are looked for whose job ended unseen. */
  readonly callbackInterval: number;
  /** The pauses between the tries of a notification. */
  readonly notifyPauses: readonly number[];
}

/** By this a test tells a worker's process how long its locks last, in ms. Internal: it may go at any time. */
const lockVariable = "STEVEDORE_INTERNAL_LOCK_MS";

/** What is given, else what the environment says, else the times of a real worker. */
export function workerTiming(given: Partial<WorkerTiming> = {}): WorkerTiming {
  const lockDuration = given.lockDuration ?? Number(process.env[lockVariable] ?? 20_000);
  return {
    lockDuration,
    stalledInterval: given.stalledInterval ?? lockDuration / 4,
    statusInterval: given.statusInterval ?? workerStatusInterval,
    outage: given.outage ?? outageTiming,
    callbackInterval: given.callbackInterval ?? 5_000,
    notifyPauses: given.notifyPauses ?? notifyPauses,
  };
}
