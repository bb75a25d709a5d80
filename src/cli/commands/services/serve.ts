// Serves the queue of a graph, and its HTTP API if asked to, until the process is told to stop.
import { once } from "node:events";
import { describeRedis } from "../../../redis/index.js";
import type { RunningServer } from "../../../server/index.js";
import { type RunningWorker, startWorker } from "../../../worker/index.js";
import { holdEmbeddedRedis } from "../../embedded/index.js";
import type { CommandContext } from "../../run-command.js";
import { type WorkerFlags, workerOptions } from "../../worker-flags.js";
import { listen } from "./listen.js";
import type { ServerFlags } from "./server-flags.js";

/**
 * Runs a worker, with the root's own Redis if none is named. Returns when a signal has come and the running jobs have
 * ended or, after `--grace`, gone back to the queue. The Redis runs on for other commands that use it.
 * @param serverFlags of an HTTP server that runs as well; undefined for none
 * @throws as `startWorker`, `startServer` and `holdEmbeddedRedis`
 */
export async function serve(
  context: CommandContext,
  flags: WorkerFlags,
  serverFlags?: ServerFlags,
): Promise<void> {
  const { config, print, tell, signal, hurry } = context;
  const { root, graph, host } = config;
  const embedded = config.redis === undefined ? await holdEmbeddedRedis(root, tell) : undefined;
  await embedded?.releaseInterest();
  const redis = embedded?.url ?? config.redis ?? "";
  const address = describeRedis(redis);
  try {
    if (embedded === undefined) tell(`connecting to Redis at ${address}`);
    const starting = startWorker({ ...workerOptions(flags), redis, graph, root, host, log: tell });
    const worker = await (embedded === undefined ? startUnlessStopped(starting, signal) : starting);
    let server: RunningServer | undefined;
    try {
      if (serverFlags !== undefined) server = await listen(context, serverFlags, redis, true);
      const stopped = Promise.race([aborted(signal), aborted(worker.superseded)]);
      await Promise.race([worker.ready, stopped]);
      if (!signal.aborted) {
        if (server !== undefined) tell(`listening on ${server.url}`);
        tell(`serving ${root} as graph "${graph}" from Redis at ${address}, as host ${host}; Ctrl-C stops`);
        print({ root, graph, redis: address, host, ...(server && { url: server.url }) }, []);
      }
      await stopped;
      worker.superseded.throwIfAborted();
      tell(`stopping: running jobs have ${flags.grace} s to end; a second Ctrl-C puts them back now`);
    } finally {
      await server?.close();
      hurry.addEventListener("abort", () => void worker.close(0), { once: true });
      await worker.close(hurry.aborted ? 0 : flags.grace * 1_000);
    }
  } finally {
    await embedded?.release();
  }
}

/** Waits for the worker to start. While it waits for Redis it has nothing to clean up: a signal ends the process. */
async function startUnlessStopped(
  starting: Promise<RunningWorker>,
  signal: AbortSignal,
): Promise<RunningWorker> {
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
