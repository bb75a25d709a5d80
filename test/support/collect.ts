/** All that an async iterable yields (`Array.fromAsync`, which Node 20 does not have). */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}
