// Reads the beginning of a stream ahead, and gives the stream whole.
import { headBytes } from "./compression.js";

/**
 * Returns the first `headBytes` bytes of the input, or all where it is shorter, and the whole input, these included.
 */
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
