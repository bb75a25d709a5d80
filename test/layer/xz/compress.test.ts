import { expect, test } from "vitest";
import type { BlockInput } from "../../../src/layer/xz/block.js";
import { type BlockCompressor, compressXz } from "../../../src/layer/xz/compress.js";
import { chooseXzEngine } from "../../../src/layer/xz/engine.js";
import { StevedoreError } from "../../../src/terms/error.js";
import { collect } from "../../support/collect.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { shell } from "../../support/processes/shell.js";

const settings = { preset: 0, blockSize: 4096 } as const;
const broken = new StevedoreError("INTERNAL", "the disk is gone");

/** A compressor that counts what it is given, and holds so many blocks at most. */
async function counting(most: number, compress?: BlockCompressor["compress"]) {
  const engine = await chooseXzEngine();
  const counts = { rooms: 0, mostRooms: 0, underway: 0 };
  const waiting: (() => void)[] = [];
  const compressor: BlockCompressor = {
    async room(signal) {
      while (counts.rooms >= most) {
        await new Promise<void>((resolve, reject) => {
          waiting.push(resolve);
          signal.addEventListener("abort", () => reject(new StevedoreError("CANCELLED", "stopped")));
        });
      }
      counts.rooms++;
      counts.mostRooms = Math.max(counts.mostRooms, counts.rooms);
      return {
        [Symbol.dispose]() {
          counts.rooms--;
          waiting.shift()?.();
        },
      };
    },
    async compress(input, given, signal) {
      counts.underway++;
      try {
        return await (compress ?? engine.compress)(input, given, signal);
      } finally {
        counts.underway--;
      }
    },
  };
  return { counts, compressor, engine };
}

/** Endless text, which notes that it was let go. */
function endless() {
  const state = { released: false, given: 0 };
  async function* chunks() {
    try {
      for (;;) {
        state.given++;
        yield Buffer.alloc(10_000, `line ${state.given}\n`);
      }
    } finally {
      state.released = true;
    }
  }
  return { state, chunks };
}

test("gives the blocks in order, whichever is done first", async () => {
  const data = Buffer.from(Array.from({ length: 40_000 }, (_, n) => n % 251));
  const held: (() => void)[] = [];
  const { compressor, engine } = await counting(100, async (input, given, signal) => {
    const block = await engine.compress(input, given, signal);
    // Lets the last go first.
    await new Promise<void>((resolve) => {
      held.unshift(resolve);
      if (held.length === 10) for (const go of held) go();
    });
    return block;
  });
  async function* chunks() {
    yield data;
  }
  const made = Buffer.concat(await collect(compressXz(chunks(), settings, compressor)));
  expect((await shell("xz -dc", { input: made })).equals(data)).toBe(true);
});

test("reads no further ahead than there is room, and gives all room back", async () => {
  const { counts, compressor } = await counting(3);
  const { state, chunks } = endless();
  let read = 0;
  for await (const chunk of compressXz(chunks(), settings, compressor)) {
    read += chunk.length;
    if (read > 2_000) break;
  }
  expect(state.released).toBe(true);
  expect(counts).toEqual({ rooms: 0, mostRooms: 3, underway: 0 });
  expect(await childProcesses()).toEqual([]);
});

test("fails with the error of its input, at once, though a block is still at work", async () => {
  const { counts, compressor } = await counting(3, (_, __, signal) => untilAborted(signal));
  async function* input() {
    yield Buffer.alloc(5_000);
    throw broken;
  }
  await expect(collect(compressXz(input(), settings, compressor))).rejects.toBe(broken);
  expect(counts).toMatchObject({ rooms: 0, underway: 0 });
});

test("fails with the error of any block, at once, though one before it is still at work", async () => {
  let count = 0;
  const { counts, compressor } = await counting(9, (_: BlockInput, __, signal) =>
    ++count === 3 ? Promise.reject(broken) : untilAborted(signal),
  );
  const { state, chunks } = endless();
  await expect(collect(compressXz(chunks(), settings, compressor))).rejects.toBe(broken);
  expect(state.released).toBe(true);
  expect(counts).toMatchObject({ rooms: 0, underway: 0 });
});

test("is cancelled by the signal and lets its input go", async () => {
  const controller = new AbortController();
  const { counts, compressor } = await counting(2, async (_, __, signal) => {
    controller.abort();
    return await untilAborted(signal);
  });
  const { state, chunks } = endless();
  const output = compressXz(chunks(), settings, compressor, controller.signal);
  await expect(collect(output)).rejects.toMatchObject({ code: "CANCELLED" });
  expect(state.released).toBe(true);
  expect(counts).toMatchObject({ rooms: 0, underway: 0 });
});

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new StevedoreError("CANCELLED", "stopped"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
}
