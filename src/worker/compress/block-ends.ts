// Hears how the jobs of blocks end: one connection reads the events of their queue, for all blocks of this worker.
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { compressQueue, keyPrefix } from "../../jobs/index.js";
import { connectWithRetry } from "../../redis/index.js";

/** How a job ended. One that is `gone` was removed, or Redis has lost it. */
export type BlockEnd =
  | { readonly state: "completed"; readonly result: unknown }
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "gone" };

export interface BlockEnds {
  /** Resolves when the job ends. Call it before the job is added. */
  of(jobId: string): Promise<BlockEnd>;
  /** Stops to listen for a job. */
  forget(jobId: string): void;
  /** Ends those jobs of which there is no record any more, for the second time that this is asked. */
  findVanished(): Promise<void>;
  close(): void;
}

/** How long a read waits for events, in ms. */
const patience = 5_000;
/** How many events are read at a time. */
const batch = 500;
/** How long until a read that failed is repeated, in ms. */
const pause = 1_000;

/** An entry of a stream as ioredis returns it: names and values by turns. */
type Entry = readonly [id: string, fields: readonly string[]];

/**
 * Begins to listen. What happens after this resolves is not missed.
 * @param redis a connection for other commands of the graph
 * @throws Redis's error
 */
export async function openBlockEnds(redis: Redis, url: string, graphName: string): Promise<BlockEnds> {
  const prefix = `${keyPrefix(graphName)}:${compressQueue}:`;
  const stream = `${prefix}events`;
  // "From now on" would leave a gap before the first read; a fixed position does not.
  const [newest] = (await redis.xrevrange(stream, "+", "-", "COUNT", 1)) as Entry[];
  const reader = connectWithRetry(url, keyPrefix(graphName));
  const awaited = new Map<string, (end: BlockEnd) => void>();
  /** Those that had no record when it was last looked for. */
  let missing: readonly string[] = [];
  let isClosed = false;

  const settle = (id: string, end: BlockEnd) => {
    awaited.get(id)?.(end);
    awaited.delete(id);
  };
  const read = async () => {
    for (let from = newest?.[0] ?? "0-0"; !isClosed; ) {
      const answer = await reader
        .xread("COUNT", batch, "BLOCK", patience, "STREAMS", stream, from)
        .catch(() => undefined);
      if (answer === undefined) await sleep(pause);
      for (const [id, flat] of (answer?.[0]?.[1] ?? []) as Entry[]) {
        from = id;
        tell(flat);
      }
    }
  };
  const tell = (flat: readonly string[]) => {
    const field = (name: string) => {
      const at = flat.findIndex((each, index) => index % 2 === 0 && each === name);
      return at < 0 ? "" : (flat[at + 1] ?? "");
    };
    const id = field("jobId");
    if (!awaited.has(id)) return;
    const event = field("event");
    if (event === "completed") settle(id, { state: "completed", result: parse(field("returnvalue")) });
    else if (event === "failed") settle(id, { state: "failed", reason: field("failedReason") });
    else if (event === "removed") settle(id, { state: "gone" });
  };
  void read();
  return {
    of: (jobId) => new Promise((resolve) => awaited.set(jobId, resolve)),
    forget: (jobId) => awaited.delete(jobId),
    async findVanished() {
      const ids = [...awaited.keys()];
      const asked = redis.pipeline();
      for (const id of ids) asked.exists(prefix + id);
      const answers = (await asked.exec()) ?? [];
      const now = ids.filter((_, at) => answers[at]?.[1] === 0);
      // Its event may be on its way, and its record not be there yet.
      for (const id of now) if (missing.includes(id)) settle(id, { state: "gone" });
      missing = now;
    },
    close() {
      isClosed = true;
      reader.disconnect();
      for (const id of [...awaited.keys()]) settle(id, { state: "gone" });
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
