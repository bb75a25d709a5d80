// Work on the items of a list, several at a time, whose results are wanted in order.

/**
 * Yields what `make` makes of each item, in the order of the items. So many are begun, or made and not yet taken, at a
 * time. When one fails the others are ended; none runs on when the iteration is over, however that ends.
 * @throws what `make` throws, for whichever item that is first
 */
export async function* mapConcurrent<Item, Made>(
  items: readonly Item[],
  concurrency: number,
  make: (item: Item, signal: AbortSignal) => Promise<Made>,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Made, void, undefined> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const failed = new Promise<never>((_, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
  });
  failed.catch(() => undefined);
  const ahead: Promise<Made>[] = [];
  try {
    for (let next = 0; ; ) {
      for (; next < items.length && ahead.length < concurrency; next++) {
        const making = make(items[next] as Item, either);
        making.catch((error: unknown) => stop.abort(error));
        ahead.push(making);
      }
      const first = ahead[0];
      if (first === undefined) return;
      yield await Promise.race([first, failed]);
      ahead.shift();
    }
  } finally {
    stop.abort();
    await Promise.allSettled(ahead);
  }
}
