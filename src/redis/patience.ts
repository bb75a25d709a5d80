// Repeats what Redis refuses for now, until it takes it.
import { setTimeout as sleep } from "node:timers/promises";
import { type RedisRefusal, refusalOf } from "./refusals.js";

/** How long until it is tried again, in ms. */
const interval = 1_000;

/** Who waits. */
interface Waiting {
  /** True once nobody waits any more: the refusal is thrown then. */
  isOver(): boolean;
  /** Called once, when it begins. */
  refused(refusal: RedisRefusal): void;
  /** Called once, when it was taken after it had been refused. */
  taken(): void;
}

/**
 * Runs an operation until Redis takes it: for what a connection does not repeat by itself, because another one would be
 * refused as well (Redis is full, or busy).
 * @throws what the operation throws otherwise
 */
export async function untilTaken<T>(operation: () => Promise<T>, waiting: Waiting): Promise<T> {
  for (let isRefused = false; ; await sleep(interval)) {
    try {
      const result = await operation();
      if (isRefused) waiting.taken();
      return result;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined || !refusal.isPassing || refusal.reconnects || waiting.isOver()) throw error;
      if (!isRefused) waiting.refused(refusal);
      isRefused = true;
    }
  }
}
