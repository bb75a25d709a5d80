// Blocks that are left to compressors, good and bad ones: the stream is that of xz, and nothing is left in Redis.
import { randomBytes } from "node:crypto";
import { Registry } from "prom-client";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { compressorKeys, compressQueue, keyPrefix, payloadKeys } from "../../../src/jobs/index.js";
import {
  type BlockInput,
  chooseXzEngine,
  compressXz,
  type XzBlock,
  type XzEngine,
} from "../../../src/layer/index.js";
import { connectWithRetry } from "../../../src/redis/index.js";
import { recipes } from "../../../src/terms/index.js";
import { DistrustedBlocks, openCompressorPool, openOffload } from "../../../src/worker/compress/index.js";
import { openCpuBudget } from "../../../src/worker/cpu-budget.js";
import { openBlockMetrics } from "../../../src/worker/telemetry/block-metrics.js";
import { collect } from "../../support/collect.js";
import { leftOf } from "../../support/redis/block-queue.js";
import {
  type ForeignBlock,
  startForeignCompressor,
  xzStreamOf,
} from "../../support/redis/foreign-compressor.js";
import { startRedis } from "../../support/redis/redis-server.js";
import { until } from "../../support/until.js";

const settings = recipes["xz-1"];
/** Five blocks, the last of them short: quick to compress. */
const input = Buffer.alloc(4 * settings.blockSize + 100_000, randomBytes(50_000));
let expected: Buffer;
let xz: XzEngine;
beforeAll(async () => {
  xz = await chooseXzEngine();
  expected = await xzStreamOf(input, settings.preset);
});

/** A worker's side, with one thread. */
interface Owner extends AsyncDisposable {
  readonly graph: string;
  readonly lines: string[];
  readonly offload: ReturnType<typeof openOffload>;
  /** Compresses the input. */
  run(signal?: AbortSignal, layer?: AsyncIterable<Buffer>): Promise<{ stream: Buffer; remote: number }>;
  /** The values of a metric by their labels. */
  metric(name: string): Promise<Record<string, number>>;
  left(): Promise<string[]>;
}

interface OwnerOptions {
  readonly share?: number;
  readonly memory?: number;
  /** Called before each block that is compressed here. */
  readonly before?: (input: BlockInput, count: number) => Promise<void>;
}

function openOwner(
  url: string,
  { share = 0, memory = 2 ** 28, before = async () => {} }: OwnerOptions = {},
): Owner {
  const graph = `g-${randomBytes(6).toString("hex")}`;
  const redis = connectWithRetry(url, "");
  const lines: string[] = [];
  const registry = new Registry();
  const metrics = openBlockMetrics(registry);
  const log = (line: string) => lines.push(line);
  const offload = openOffload({ redis, url, graphName: graph, memory, log, metrics });
  let count = 0;
  const engine: XzEngine = {
    ...xz,
    async compress(block, how, signal): Promise<XzBlock> {
      await before(block, ++count);
      return xz.compress(block, how, signal);
    },
  };
  const cpu = openCpuBudget(1);
  const pool = openCompressorPool({ cpu, offload, metrics, checkedShare: share, engine: async () => engine });
  return {
    ...{ graph, lines, offload },
    async run(signal = new AbortController().signal, chunks = inOne()) {
      const offer = { recipe: "xz-1", signal } as const;
      const layer = pool.open({ layerBytes: input.length, urgency: "single", offer });
      const stream = Buffer.concat(await collect(compressXz(chunks, settings, layer, signal)));
      await layer.checked();
      expect(cpu.busy()).toBe(0);
      expect(offload.away()).toBe(0);
      return { stream, remote: layer.blocks().remote };
    },
    async metric(name) {
      const { values = [] } = (await registry.getSingleMetric(name)?.get()) ?? {};
      return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(), value]));
    },
    left: () => leftOf(redis, graph),
    async [Symbol.asyncDispose]() {
      await offload.close(redis.status === "ready");
      redis.disconnect();
    },
  };
}

async function* inOne() {
  yield input;
}

/** A thread that is held by its first block until something has happened: the others go away meanwhile. */
function heldUntil(happened: () => Promise<boolean>) {
  return async (_: BlockInput, count: number) => {
    if (count === 1) await until("it has not happened", happened);
  };
}

it("blocks that a compressor makes are those that are made here", async () => {
  const url = inject("sharedRedis");
  await using owner = openOwner(url, {
    share: 1,
    before: heldUntil(async () => ((await owner.metric("stevedore_blocks_total")).compressor ?? 0) >= 2),
  });
  await using _ = await startForeignCompressor(url, owner.graph, async ({ honest, answer }) =>
    answer(await honest()),
  );
  const { stream, remote } = await owner.run();
  expect(stream.equals(expected)).toBe(true);
  expect(remote).toBeGreaterThanOrEqual(2);
  expect(await owner.metric("stevedore_compressors_refused_total")).toEqual({ "": 0 });
  await owner.offload.close(true);
  expect(await owner.left()).toEqual([]);
});

const blockSize = settings.blockSize;
const bad: readonly [
  what: string,
  make: (block: ForeignBlock) => Promise<unknown>,
  /** What the owner says of it when it shuts it out. */
  says: RegExp | undefined,
][] = [
  [
    "other bytes that are a block",
    async ({ answer }) => answer(await blockOf(Buffer.alloc(blockSize, "x"))),
    /other bytes than/,
  ],
  [
    "the block of fewer bytes",
    async ({ answer }) => answer(await blockOf(Buffer.alloc(5))),
    /it tells of 5 bytes/,
  ],
  ["noise", async ({ answer }) => answer(randomBytes(1_000)), /not a block of xz/],
  ["no byte more than one", async ({ answer }) => answer(Buffer.from("x")), /not a block of xz/],
  ["20 MB", async ({ answer }) => answer(Buffer.alloc(20_000_000)), /it made 20000000 bytes/],
  [
    "bytes behind the block",
    async ({ honest, answer }) => answer(Buffer.concat([await honest(), Buffer.alloc(4)])),
    /not a block/,
  ],
  ["a block that is damaged", async ({ honest, answer }) => answer(damaged(await honest())), /xz: /],
  [
    "a length that is not true",
    async ({ honest, answer }) => answer(await honest(), { length: 7 }),
    /told of 7 bytes/,
  ],
  [
    "a digest that is not true",
    async ({ honest, answer }) => answer(await honest(), { digest: "0".repeat(64) }),
    /another sha256/,
  ],
  ["what is no result", async () => "done", undefined],
  [
    "nothing",
    async ({ honest, answer, redis, job }) => {
      const told = await answer(await honest());
      await redis.del(payloadKeys(job.data.key).output);
      return told;
    },
    undefined,
  ],
  ["an error", async () => Promise.reject(new Error("INTERNAL: it\nhas failed")), undefined],
];

describe.each(bad)("a compressor that answers %s", (_, make, says) => {
  it("changes nothing of the stream, and is shut out where it has made wrong bytes", async () => {
    const url = inject("sharedRedis");
    await using owner = openOwner(url, {
      before: heldUntil(async () => {
        const { failed = 0, wrong = 0 } = await owner.metric("stevedore_offload_failures_total");
        return failed + wrong > 0;
      }),
    });
    await using foreign = await startForeignCompressor(url, owner.graph, make, { slots: 1 });
    const { stream, remote } = await owner.run();
    expect(stream.equals(expected)).toBe(true);
    expect(remote).toBe(0);
    expect(owner.lines.filter((line) => line.includes("\n"))).toEqual([]);
    await owner.offload.close(true);
    const refusal = compressorKeys(owner.graph).refusal(foreign.id);
    expect(await owner.left()).toEqual([]);
    const client = connectWithRetry(url, "");
    const reason = await client.get(refusal);
    client.disconnect();
    if (says === undefined) {
      expect({ reason, shutOut: owner.offload.isShutOut(foreign.id) }).toEqual({
        reason: null,
        shutOut: false,
      });
      return;
    }
    expect(reason).toMatch(says);
    expect(owner.lines.join("\n")).toMatch(/the compressor foreign\.1\.ab is shut out: /);
    expect(await owner.metric("stevedore_compressors_refused_total")).toEqual({ "": 1 });
  });
});

it("a block of another version that decodes is found where it is made again, and the layer begins anew", async () => {
  const url = inject("sharedRedis");
  await using owner = openOwner(url, {
    share: 1,
    before: heldUntil(async () => ((await owner.metric("stevedore_blocks_total")).compressor ?? 0) >= 1),
  });
  await using foreign = await startForeignCompressor(url, owner.graph, async ({ honest, answer }) =>
    answer(await honest(2)),
  );
  await expect(owner.run()).rejects.toBeInstanceOf(DistrustedBlocks);
  expect(owner.offload.isShutOut(foreign.id)).toBe(true);
  const { stream, remote } = await owner.run();
  expect(stream.equals(expected)).toBe(true);
  expect(remote).toBe(0);
});

it("a block whose compressor hangs, with its lock renewed, is made here", async () => {
  const url = inject("sharedRedis");
  let taken = 0;
  await using owner = openOwner(url, { before: heldUntil(async () => taken > 0) });
  await using _ = await startForeignCompressor(url, owner.graph, async () => {
    taken++;
    return new Promise(() => {});
  });
  const { stream } = await owner.run();
  expect(stream.equals(expected)).toBe(true);
  expect((await owner.metric("stevedore_offload_failures_total"))["taken-back"]).toBeGreaterThan(0);
  await owner.offload.close(true);
  expect(await owner.left()).toEqual([]);
});

it("a block that comes after its time changes nothing", async () => {
  const url = inject("sharedRedis");
  let release = () => {};
  const isOver = new Promise<void>((resolve) => {
    release = resolve;
  });
  let taken = 0;
  await using owner = openOwner(url, { before: heldUntil(async () => taken > 0) });
  await using _ = await startForeignCompressor(url, owner.graph, async ({ honest, answer }) => {
    taken++;
    const block = await honest();
    await isOver;
    return answer(block);
  });
  const { stream, remote } = await owner.run();
  release();
  expect({ isRight: stream.equals(expected), remote }).toEqual({ isRight: true, remote: 0 });
});

it("a second answer for a block, of other bytes, changes nothing", async () => {
  const url = inject("sharedRedis");
  await using owner = openOwner(url, {
    before: heldUntil(async () => ((await owner.metric("stevedore_blocks_total")).compressor ?? 0) >= 2),
  });
  const events = `${keyPrefix(owner.graph)}:${compressQueue}:events`;
  let seconds = 0;
  await using _ = await startForeignCompressor(url, owner.graph, async ({ honest, answer, redis, job }) => {
    const told = await answer(await honest());
    const again = async () => {
      const returnvalue = JSON.stringify(await answer(randomBytes(1_000)));
      await redis.xadd(events, "*", "event", "completed", "jobId", job.id ?? "", "returnvalue", returnvalue);
      seconds++;
    };
    // When the owner has taken the first, it has removed what the answers lie beside.
    const { input: from } = payloadKeys(job.data.key);
    until("the block is still there", async () => (await redis.exists(from)) === 0)
      .then(again)
      // The test may be over.
      .catch(() => undefined);
    return told;
  });
  const { stream } = await owner.run();
  expect(stream.equals(expected)).toBe(true);
  await until("there was no second answer", async () => seconds > 0);
  expect(await owner.metric("stevedore_compressors_refused_total")).toEqual({ "": 0 });
});

describe("a Redis", () => {
  it("in which no compressor has told of itself gets nothing", async () => {
    const url = inject("sharedRedis");
    await using owner = openOwner(url);
    expect((await owner.run()).stream.equals(expected)).toBe(true);
    expect(await owner.metric("stevedore_offload_sent_bytes_total")).toEqual({ "": 0 });
    expect(await owner.left()).toEqual([]);
  });

  it("gets nothing with an offload memory of 0", async () => {
    const url = inject("sharedRedis");
    await using owner = openOwner(url, { memory: 0 });
    await using foreign = await startForeignCompressor(url, owner.graph, async () => "x");
    expect((await owner.run()).stream.equals(expected)).toBe(true);
    expect(foreign.taken()).toBe(0);
  });

  it("that is near its maxmemory gets nothing", async () => {
    await using server = await startRedis();
    await server.command("CONFIG", "SET", "maxmemory", 20_000_000);
    await using owner = openOwner(server.url, {
      before: () => new Promise((resolve) => setTimeout(resolve, 300)),
    });
    await using foreign = await startForeignCompressor(server.url, owner.graph, async () => "x");
    expect((await owner.run()).stream.equals(expected)).toBe(true);
    expect(foreign.taken()).toBe(0);
    expect(await owner.metric("stevedore_offload_sent_bytes_total")).toEqual({ "": 0 });
  });

  it("that refuses, being full, keeps nobody from compressing", async () => {
    await using server = await startRedis();
    await using owner = openOwner(server.url, {
      before: heldUntil(
        async () => ((await owner.metric("stevedore_offload_failures_total")).failed ?? 0) > 0,
      ),
    });
    await using _ = await startForeignCompressor(server.url, owner.graph, async () => {
      await server.command("CONFIG", "SET", "maxmemory", 1_000_000);
      throw new Error("INTERNAL: full");
    });
    expect((await owner.run()).stream.equals(expected)).toBe(true);
    await server.command("CONFIG", "SET", "maxmemory", 0);
    await owner.offload.close(true);
  });

  it.each([
    ["blocks are away", inOne],
    [
      "the layer is still read",
      async function* (isEmpty: () => boolean) {
        const most = 3 * settings.blockSize;
        yield input.subarray(0, most);
        await until("it is not emptied", async () => isEmpty());
        yield input.subarray(most);
      },
    ],
  ] as const)("that is emptied while %s keeps nobody from compressing", async (_when, chunks) => {
    await using server = await startRedis();
    let isEmpty = false;
    await using owner = openOwner(server.url, { before: heldUntil(async () => isEmpty) });
    await using _ = await startForeignCompressor(server.url, owner.graph, async () => {
      await server.command("FLUSHALL");
      isEmpty = true;
      return new Promise(() => {});
    });
    const { stream } = await owner.run(
      undefined,
      chunks(() => isEmpty),
    );
    expect(stream.equals(expected)).toBe(true);
  });

  it("that dies while blocks are away keeps nobody from compressing", async () => {
    await using server = await startRedis();
    let isDead = false;
    await using owner = openOwner(server.url, { before: heldUntil(async () => isDead) });
    await using _ = await startForeignCompressor(server.url, owner.graph, async () => {
      await server.kill();
      isDead = true;
      return new Promise(() => {});
    });
    expect((await owner.run()).stream.equals(expected)).toBe(true);
  });
});

it("a layer that is cancelled takes its blocks back at once", async () => {
  const url = inject("sharedRedis");
  const stop = new AbortController();
  await using owner = openOwner(url, { before: heldUntil(async () => stop.signal.aborted) });
  await using _ = await startForeignCompressor(url, owner.graph, async () => {
    stop.abort();
    return new Promise(() => {});
  });
  await expect(owner.run(stop.signal)).rejects.toMatchObject({ code: "CANCELLED" });
  await owner.offload.close(true);
  expect(await owner.left()).toEqual([]);
});

async function blockOf(data: Buffer): Promise<Buffer> {
  return (await import("../../support/redis/foreign-compressor.js")).xzBlock(data, settings.preset);
}

/** With one bit of the compressed data turned. */
function damaged(block: Buffer): Buffer {
  const copy = Buffer.from(block);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
