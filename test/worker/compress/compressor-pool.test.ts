// The order in which the blocks of several layers are compressed, seen by an engine that the test lets go block by block.
import { createHash } from "node:crypto";
import { Registry } from "prom-client";
import { beforeAll, expect, test } from "vitest";
import { chooseXzEngine, type XzBlock, type XzEngine } from "../../../src/layer/index.js";
import { type Offload, openCompressorPool } from "../../../src/worker/compress/index.js";
import { openCpuBudget } from "../../../src/worker/cpu-budget.js";
import { openBlockMetrics } from "../../../src/worker/telemetry/block-metrics.js";

const never = new AbortController().signal;
const settings = { preset: 0, blockSize: 1024 };
let block: XzBlock;

beforeAll(async () => {
  block = await (await chooseXzEngine()).compress(blockInput("x"), settings);
});

/** A pool that leaves nothing to compressors elsewhere. */
function openPool(threads: number, engine: XzEngine) {
  const offload: Offload = {
    limit: () => 0,
    away: () => 0,
    onLimit: () => {},
    take: (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    send: async () => ({ outcome: "failed", what: "there are no compressors" }),
    patience: () => 0,
    isAway: () => true,
    shutOut: () => {},
    isShutOut: () => false,
    close: async () => {},
  };
  const metrics = openBlockMetrics(new Registry());
  return openCompressorPool({
    ...{ cpu: openCpuBudget(threads), engine: async () => engine },
    ...{ offload, metrics, checkedShare: 0 },
  });
}

function blockInput(letter: string) {
  const data = Buffer.alloc(1024, letter);
  return { data, digest: createHash("sha256").update(data).digest("hex") };
}

/** An engine whose blocks are done when the test says so; it notes which it has begun, by their letters. */
function steppedEngine() {
  const begun: string[] = [];
  const running: (() => void)[] = [];
  const engine: XzEngine = {
    name: "xz",
    version: "0",
    async compress({ data }) {
      begun.push(data.toString("latin1", 0, 1));
      await new Promise<void>((resolve) => running.push(resolve));
      return block;
    },
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    engine,
    begun,
    settle,
    /** Ends the block that runs longest. */
    async step() {
      running.shift()?.();
      await settle();
    },
  };
}

test("a block of a single image goes before a batch's, and of these the layer's that is nearest to its end", async () => {
  const { engine, begun, step, settle } = steppedEngine();
  const pool = openPool(1, engine);
  const giant = pool.open({ layerBytes: 100 * 1024, urgency: "batch" });
  const small = pool.open({ layerBytes: 3 * 1024, urgency: "batch" });
  const single = pool.open({ layerBytes: 50 * 1024, urgency: "single" });
  const compress = (layer: typeof giant, letter: string) =>
    layer.compress(blockInput(letter), settings, never);
  const all = [
    ...[compress(giant, "g"), compress(giant, "g"), compress(small, "s"), compress(small, "s")],
    ...[compress(single, "o"), compress(single, "o")],
  ];
  await settle();
  for (const _ of all) await step();
  await Promise.all(all);
  expect(begun.join("")).toBe("goossg");
  expect([giant.blocks(), single.blocks()]).toMatchObject([{ total: 2 }, { total: 2 }]);
});

test("tells how much is compressed, whichever block is done first", async () => {
  const { engine, step, settle } = steppedEngine();
  const pool = openPool(2, engine);
  const told: number[] = [];
  const layer = pool.open({
    layerBytes: 4096,
    urgency: "single",
    onProgress: (bytes) => void told.push(bytes),
  });
  const all = ["a", "b", "c"].map((letter) => layer.compress(blockInput(letter), settings, never));
  await settle();
  for (const _ of all) await step();
  await Promise.all(all);
  expect(told).toEqual([1024, 2048, 3072]);
});

test("there is room for two blocks a thread and one of each layer, and no more", async () => {
  const pool = openPool(2, steppedEngine().engine);
  const layers = Array.from({ length: 3 }, () => pool.open({ layerBytes: 1e9, urgency: "single" }));
  const had: Disposable[] = [];
  for (const layer of layers) {
    for (let count = 0; count < 6; count++) void layer.room(never).then((room) => had.push(room));
  }
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settle();
  expect(had).toHaveLength(2 * 2 + 3);
  had.shift()?.[Symbol.dispose]();
  await settle();
  expect(had).toHaveLength(2 * 2 + 3);
});
