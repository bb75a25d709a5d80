// Serves the HTTP API of a graph until the process is told to stop.
import { once } from "node:events";
import { describeRedis } from "../../../redis/index.js";
import { holdEmbeddedRedis } from "../../embedded/index.js";
import type { CommandContext } from "../../run-command.js";
import { listen } from "./listen.js";
import type { ServerFlags } from "./server-flags.js";

/**
 * Runs a server, with the root's own Redis if none is named. Returns when a signal has come and the running requests are
 * answered.
 * @throws as `startServer` and `holdEmbeddedRedis`
 */
export async function serveHttp(context: CommandContext, flags: ServerFlags): Promise<void> {
  const { config, print, tell, signal } = context;
  const { root, graph } = config;
  const embedded = config.redis === undefined ? await holdEmbeddedRedis(root, tell) : undefined;
  await embedded?.releaseInterest();
  const redis = embedded?.url ?? config.redis ?? "";
  try {
    const server = await listen(context, flags, redis, false);
    try {
      const address = describeRedis(redis);
      tell(`listening on ${server.url} for ${root} as graph "${graph}", Redis at ${address}; Ctrl-C stops`);
      print({ root, graph, redis: address, url: server.url }, []);
      if (!signal.aborted) await once(signal, "abort");
      tell("stopping");
    } finally {
      await server.close();
    }
  } finally {
    await embedded?.release();
  }
}
