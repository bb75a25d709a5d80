// Serves the queue of a graph until the process is told to stop.
import { once } from "node:events";
import { describeRedis } from "../producer/index.js";
import { startWorker } from "../worker/index.js";
import { holdEmbeddedRedis } from "./embedded-redis.js";
import type { CommandContext } from "./run-command.js";
import { type WorkerFlags, workerOptions } from "./worker-flags.js";

/**
 * Runs a worker, with a Redis of its own if none is named. Returns when a signal has come and the running
 * jobs have ended or, after `--grace`, gone back to the queue.
 * @throws what keeps the worker from serving
 */
export async function serve(
  { config, tell, signal, hurry }: CommandContext,
  flags: WorkerFlags,
): Promise<void> {
  const { root, graph } = config;
  const embedded = config.redis === undefined ? await holdEmbeddedRedis(root) : undefined;
  const redis = embedded?.url ?? config.redis ?? "";
  try {
    const worker = await startWorker({ ...workerOptions(flags), redis, graph, root, log: tell });
    try {
      const told = signal.aborted ? Promise.resolve() : once(signal, "abort");
      await Promise.race([worker.ready, told]);
      tell(`serving ${root} as graph "${graph}" from Redis at ${describeRedis(redis)}; Ctrl-C stops`);
      await told;
      tell(`stopping: running jobs have ${flags.grace} s to end; a second Ctrl-C puts them back now`);
    } finally {
      hurry.addEventListener("abort", () => void worker.close(0), { once: true });
      await worker.close(hurry.aborted ? 0 : flags.grace * 1_000);
    }
  } finally {
    await embedded?.stop();
  }
}
