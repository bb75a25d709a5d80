// Compresses blocks for the workers of graphs until the process is told to stop.
import { once } from "node:events";
import { describeRedis } from "../../../redis/index.js";
import { failureOf } from "../../../terms/index.js";
import { startCompressor } from "../../../worker/index.js";
import {
  type CommandContext,
  errorDocument,
  exitCodes,
  ReportedFailure,
  wrongUsage,
} from "../../run-command.js";

/**
 * Runs a compressor. Returns when a signal has come, and what it held is given back.
 * @param threads blocks that are compressed at a time; undefined for as many as the host has threads
 * @throws as `startCompressor`; a failure of its own exit code once a worker has shut it out; `INVALID_OPTION` without a Redis
 */
export async function serveCompressor(
  { config, print, tell, warn, signal }: CommandContext,
  threads: number | undefined,
): Promise<void> {
  const { redis: url, graphs, host } = config;
  if (url === undefined)
    throw wrongUsage("a compressor has no Redis of its own: name that of the graphs by --redis");
  const redis = describeRedis(url);
  tell(`connecting to Redis at ${redis}`);
  let compressor: Awaited<ReturnType<typeof startCompressor>>;
  try {
    compressor = await startCompressor({ redis: url, graphs, host, threads, log: tell, signal });
  } catch (error) {
    // Told to stop before it began: it holds nothing.
    if (signal.aborted) return;
    throw error;
  }
  const { id, engine, slots, refused } = compressor;
  try {
    const names = graphs.map((graph) => `"${graph}"`).join(", ");
    const what = `${slots} at a time by ${engine.name} ${engine.version}`;
    tell(`compressing for graph ${names} from Redis at ${redis}, ${what}, as ${id}; Ctrl-C stops`);
    print({ graphs, redis, host, id, slots, engine }, []);
    await Promise.race([aborted(signal), aborted(refused)]);
    if (!signal.aborted) {
      const { code, message } = failureOf(refused.reason);
      warn(`${code}: ${message}`, { level: "error" });
      print(errorDocument(code, message), []);
      // Whatever restarts it must know that it is not to serve again: it made other bytes than it should.
      throw new ReportedFailure(exitCodes.shutOut);
    }
    tell("stopping: what is being compressed goes back to the queue");
  } finally {
    await compressor.close();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
