// Repeats what Redis refuses for now, until it takes it.
import { setTimeout as sleep } from "node:timers/promises";
import { refusalOf } from "./refusals.js";

/** How long until it is tried again, in ms. */
const interval = 1_000;

/** Who waits. */
interface Waiting {
  /** True once nobody waits any more: the refusal is thrown then. */
  isOver(): boolean;
  /** Called with each refusal. */
  refused(error: Error): void;
}

/**
 * Runs an operation until Redis takes it: for what a connection does not repeat by itself, because another one would be
 * refused as well (Redis is full, or busy).
 * @throws what the operation throws otherwise
 */
export async function untilTaken<T>(operation: () => Promise<T>, waiting: Waiting): Promise<T> {
  for (; ; await sleep(interval)) {
    try {
      return await operation();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined || !refusal.isPassing || refusal.reconnects || waiting.isOver()) throw error;
      waiting.refused(error as Error);
    }
  }
}
