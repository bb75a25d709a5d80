// Loops of synchronous reads, which are many times as fast as trips through the thread pool for files this small,
// and would hold up everything else.
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../terms/index.js";

/** After that many reads, a fraction of a ms, other work has its turn. */
const turn = 16;

/**
 * A function to await before each read of a loop: now and then it lets timers, streams and other work have their
 * turn.
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
