// Removes exports that nobody fetches in time, as long as a worker runs.
import { openAges } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { removeExpiredExports } from "../outbox/index.js";
import type { Log } from "./log.js";

/** How often, in ms. */
const sweepInterval = 600_000;

/**
 * Sweeps the outbox now, and every ten minutes.
 * @param keepMs how long an export is kept; undefined for ever
 * @returns what ends it
 */
export function keepOutboxSwept(
  { root, host }: Pick<Graph, "root" | "host">,
  keepMs: number | undefined,
  log: Log,
): () => void {
  if (keepMs === undefined) return () => {};
  const sweep = async () => {
    try {
      const { length } = await removeExpiredExports(root, keepMs, Date.now(), openAges(root, host));
      if (length > 0) log(`removed ${length} ${length === 1 ? "export" : "exports"} that nobody fetched`);
    } catch (error) {
      log(`the outbox could not be cleaned: ${String(error)}`);
    }
  };
  const timer = setInterval(sweep, sweepInterval).unref();
  // Not awaited: no job depends on it.
  void sweep();
  return () => clearInterval(timer);
}
