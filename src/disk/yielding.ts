// For loops of synchronous reads. They are many times as fast as reads through the thread pool for files this small, but
// would keep everything else waiting.
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../terms/index.js";

/** After how many reads, which take a fraction of a ms, other work runs. */
const turn = 16;

/**
 * A function to await before each read of a loop: now and then it lets timers, streams and other work run.
 * @throws through it: `CANCELLED`
 */
export function createYielder(signal?: AbortSignal | undefined): () => Promise<void> {
  let reads = 0;
  return async () => {
    reads += 1;
    if (reads % turn === 0) await setImmediate();
    throwIfAborted(signal);
  };
}
