// Waits for what has no event of its own.
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Looks every 50 ms whether it is so. A look that fails is one that says no.
 * @throws the message after a minute
 */
export async function until(message: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    if (await isSo().catch(() => false)) return;
  }
  throw new Error(`after a minute ${message}`);
}
