// stevedore jobs --watch: shows what happens in the queues, until it is stopped. It only looks on: it starts no worker, and
// keeps neither the embedded Redis nor a worker of others running.
import { type JobState, openProducer } from "../../../producer/index.js";
import { describeRedis } from "../../../redis/index.js";
import { assertRoot, embeddedRedisRuns, holdEmbeddedRedis } from "../../embedded/index.js";
import { type CommandContext, exitCodes } from "../../run-command.js";
import type { QueueWatch } from "../../terminal/index.js";
import { isTerminal } from "../../terminal/index.js";

/**
 * Shows the queues on a terminal; elsewhere, and with `--json`, writes a line for each change. It ends the process: with
 * the exit code of an interrupt at a signal, with 0 when its reader has left.
 * @throws `QUEUE_UNAVAILABLE`, `TOOL_MISSING`, `SOURCE_NOT_FOUND` for a root that is not there
 */
export async function watchJobs(context: CommandContext, state: JobState | undefined): Promise<void> {
  const { config, json } = context;
  const { root, graph } = config;
  if (config.redis === undefined) await assertRoot(root);
  // Held until the present state was read. From then on it ends when all other commands have left it.
  let embedded = config.redis === undefined ? await holdEmbeddedRedis(root) : undefined;
  const release = async () => {
    const held = embedded;
    embedded = undefined;
    await held?.release();
  };
  try {
    await embedded?.releaseInterest();
    const redis = embedded?.url ?? config.redis ?? "";
    const address = describeRedis(redis);
    const producer = openProducer({ redis, graph });
    const left = new AbortController();
    process.stdout.once("error", () => left.abort());
    const signal = AbortSignal.any([context.signal, left.signal]);
    try {
      const events = await producer.events(signal);
      const nobody = `no command serves ${root} now: waiting for one`;
      const away = (error: Error | undefined) =>
        config.redis === undefined ? nobody : `${error?.message ?? "Redis does not answer"}; waiting for it`;
      const begun = async () => {
        if (embedded === undefined) return undefined;
        await release();
        return (await embeddedRedisRuns(root)) ? undefined : nobody;
      };
      const watch: QueueWatch = { context, producer, events, state, address, begun, away, signal };
      if (isTerminal(process.stdout) && !json) {
        const { showQueues } = await import("../../terminal/index.js");
        await showQueues(watch);
      } else {
        const { writeChanges } = await import("../../terminal/index.js");
        await writeChanges(watch);
      }
    } finally {
      await producer.close();
    }
  } finally {
    await release();
  }
  // Commands to a Redis that is away would keep the process alive for seconds.
  process.exit(context.signal.aborted ? exitCodes.interrupted : exitCodes.done);
}
