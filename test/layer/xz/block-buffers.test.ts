import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openBlockBuffers } from "../../../src/layer/xz/block-buffers.js";

const blockSize = 3_000_000;

test("a block has the bytes that were added, whatever blocks were before it and beside it", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 700_000 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(sizes, fc.boolean()), { maxLength: 8 }), (blocks) => {
      using buffers = openBlockBuffers();
      const open = blocks.map(([parts, isReleased]) => {
        const buffer = buffers.open(blockSize);
        const added = parts.map((size) => randomBytes(size));
        for (const bytes of added) buffer.add(bytes);
        const expected = Buffer.concat(added);
        expect(buffer.size()).toBe(expected.length);
        expect(buffer.data().equals(expected)).toBe(true);
        if (isReleased) buffer.release();
        return { buffer, expected, isReleased };
      });
      for (const { buffer, expected, isReleased } of open) {
        if (!isReleased) expect(buffer.data().equals(expected)).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

test("the memory of a large block is used again, and let go with the last stream", () => {
  const filled = (buffers: ReturnType<typeof openBlockBuffers>) => {
    const buffer = buffers.open(blockSize);
    buffer.add(Buffer.alloc(2_000_000));
    return buffer;
  };
  let memory: ArrayBufferLike;
  {
    using one = openBlockBuffers();
    using other = openBlockBuffers();
    const first = filled(one);
    memory = first.data().buffer;
    first.release();
    expect(filled(other).data().buffer).toBe(memory);
  }
  using later = openBlockBuffers();
  expect(filled(later).data().buffer).not.toBe(memory);
});
