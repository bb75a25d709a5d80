// Serves the queue of a graph until the process is told to stop.
import { once } from "node:events";
import { describeRedis } from "../producer/index.js";
import { type RunningWorker, startWorker } from "../worker/index.js";
import { holdEmbeddedRedis } from "./embedded-redis.js";
import type { CommandContext } from "./run-command.js";
import { type WorkerFlags, workerOptions } from "./worker-flags.js";

/**
 * Runs a worker, with a Redis of its own if none is named. Returns when a signal has come and the running
 * jobs have ended or, after `--grace`, gone back to the queue. Other commands that use its Redis keep that going.
 * @throws what keeps the worker from serving
 */
export async function serve(
  { config, print, tell, signal, hurry }: CommandContext,
  flags: WorkerFlags,
): Promise<void> {
  const { root, graph, host } = config;
  const embedded = config.redis === undefined ? await holdEmbeddedRedis(root, tell) : undefined;
  await embedded?.needNoWorker();
  const redis = embedded?.url ?? config.redis ?? "";
  const address = describeRedis(redis);
  try {
    if (embedded === undefined) tell(`connecting to Redis at ${address}`);
    const starting = startWorker({ ...workerOptions(flags), redis, graph, root, host, log: tell });
    const worker = await (embedded === undefined ? unlessTold(starting, signal) : starting);
    try {
      const told = Promise.race([aborted(signal), aborted(worker.ousted)]);
      await Promise.race([worker.ready, told]);
      if (!signal.aborted) {
        tell(`serving ${root} as graph "${graph}" from Redis at ${address}, as host ${host}; Ctrl-C stops`);
        print({ root, graph, redis: address, host }, []);
      }
      await told;
      worker.ousted.throwIfAborted();
      tell(`stopping: running jobs have ${flags.grace} s to end; a second Ctrl-C puts them back now`);
    } finally {
      hurry.addEventListener("abort", () => void worker.close(0), { once: true });
      await worker.close(hurry.aborted ? 0 : flags.grace * 1_000);
    }
  } finally {
    await embedded?.release();
  }
}

/** The worker once it has started. One that still waits for Redis has nothing to put in order: a signal ends it. */
async function unlessTold(starting: Promise<RunningWorker>, signal: AbortSignal): Promise<RunningWorker> {
  const leave = () => process.exit(0);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await starting;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
