// Whether a cluster serves the slot of a key. One that has lost a node stays connected to the others, and says nothing.
import type { Cluster } from "ioredis";

/** How long after a failed look the next is taken, in ms. */
const interval = 200;

/**
 * Looks whenever a connection to a node has ended, until the key can be asked for again.
 * @param lost called when it begins to look
 * @param back called when the key can be asked for
 * @returns what ends that
 */
export function watchSlot(cluster: Cluster, key: string, lost: () => void, back: () => void): () => void {
  const stopped = new AbortController();
  let isLooking = false;
  const look = async () => {
    if (isLooking || stopped.signal.aborted) return;
    isLooking = true;
    lost();
    while (!(await isServed()) && !stopped.signal.aborted) {
      await new Promise<void>((resolve) => setTimeout(resolve, interval).unref());
    }
    isLooking = false;
    if (!stopped.signal.aborted) back();
  };
  const isServed = () =>
    cluster.exists(key).then(
      () => true,
      () => false,
    );
  cluster.on("-node", look);
  return () => {
    stopped.abort();
    cluster.off("-node", look);
  };
}
