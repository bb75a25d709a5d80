// Looks at the beginning of a stream without taking it away.
import { headBytes } from "./compression.js";

/** The first bytes of the input, and the whole input with them. */
export async function takeHead(
  chunks: AsyncGenerator<Buffer>,
): Promise<{ head: Buffer; input: AsyncIterable<Buffer> }> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < headBytes) {
    const next = await chunks.next();
    if (next.done) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  async function* all() {
    if (head.length > 0) yield head;
    yield* chunks;
  }
  return { head, input: all() };
}
