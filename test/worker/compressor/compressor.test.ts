// A compressor: the blocks that it makes, and what it refuses. The jobs are added by plain BullMQ, as by any stranger.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  compressorKeys,
  parseCompressorStatus,
  parseCompressResult,
  payloadKey,
  payloadKeys,
} from "../../../src/jobs/index.js";
import { readXzBlock } from "../../../src/layer/index.js";
import { type RunningCompressor, startCompressor } from "../../../src/worker/index.js";
import { type BlockQueue, openBlockQueue, sha256 } from "../../support/redis/block-queue.js";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import { until } from "../../support/until.js";

let server: TestRedis;
let blocks: BlockQueue;
let compressor: RunningCompressor;
const lines: string[] = [];

beforeAll(async () => {
  server = await startRedis();
  blocks = await openBlockQueue(server.url);
  compressor = await startCompressor({
    ...{ redis: server.url, graphs: [blocks.graph, "other"], threads: 2, host: "helper" },
    timing: { statusInterval: 50 },
    log: (line) => lines.push(line),
  });
});
afterAll(async () => {
  await compressor.close();
  await blocks[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

describe("a compressor", () => {
  it.each([
    ["xz-6", 6],
    ["xz-1", 1],
  ] as const)("makes a block of %s as xz does", async (recipe, preset) => {
    const input = Buffer.concat([randomBytes(10_000), Buffer.alloc(500_000, "text "), randomBytes(7)]);
    const job = await blocks.put(input);
    const result = parseCompressResult(await blocks.run({ ...job, recipe }));
    const { output } = payloadKeys(job.key);
    const bytes = (await blocks.redis.getBuffer(output)) ?? Buffer.alloc(0);
    expect(result).toEqual({
      ...{ length: bytes.length, digest: sha256(bytes), compressor: compressor.id },
      version: compressor.engine.version,
    });
    expect(readXzBlock(bytes).uncompressedSize).toBe(input.length);
    const whole = execFileSync("xz", [`-${preset}`, "--check=crc64", "--block-size=8MiB", "-T2"], { input });
    expect(whole.subarray(12, 12 + bytes.length).equals(bytes)).toBe(true);
    expect(await blocks.redis.pttl(output)).toBeGreaterThan(500_000);
    await blocks.redis.del(output, payloadKeys(job.key).input);
    expect(await blocks.left()).toEqual([]);
  });

  it("serves all its graphs", async () => {
    await using other = await openBlockQueue(server.url, "other");
    expect(await other.run(await other.put(Buffer.from("x")))).toMatchObject({ compressor: compressor.id });
  });

  it("tells of itself", async () => {
    const { ids, of } = compressorKeys(blocks.graph);
    expect(await blocks.redis.zrange(ids, "0", "-1")).toEqual([compressor.id]);
    const read = async () => parseCompressorStatus((await blocks.redis.get(of(compressor.id))) ?? "");
    // The last one may be of a moment in which it was at a block.
    await until("it is still at a block", async () => (await read())?.slots.busy === 0);
    const status = await read();
    expect(status).toMatchObject({
      ...{ id: compressor.id, host: "helper", pid: process.pid, slots: { total: 2, busy: 0 } },
      engine: compressor.engine,
    });
    expect(status?.metrics.map(({ name }) => name)).toContain("stevedore_compressor_blocks_total");
  });
});

describe("a job of a stranger fails for good, and nothing else is read or written:", () => {
  const token = "0123456789abcdef0123456789abcdef";
  const foreign: readonly [what: string, reason: RegExp, change: (graph: string) => object][] = [
    ["no data", /^INVALID_JOB: /, () => ({ key: undefined, length: undefined })],
    ["a key of the graph itself", /^INVALID_JOB: .*key/, (graph) => ({ key: `{stevedore:${graph}}:secret` })],
    [
      "the key of another graph",
      /^INVALID_JOB: .*another graph/,
      () => ({ key: payloadKey("other", token) }),
    ],
    ["a key without a tag", /^INVALID_JOB: .*key/, () => ({ key: "secret" })],
    ["2 GB", /^INVALID_JOB: .*length/, () => ({ length: 2e9 })],
    ["a recipe that is none", /^UNKNOWN_RECIPE: /, () => ({ recipe: "gzip" })],
    ["the recipe of bsdtar", /^UNKNOWN_RECIPE: /, () => ({ recipe: "docker" })],
    ["a field too many", /^INVALID_JOB: /, () => ({ output: "secret" })],
    ["a digest that is none", /^INVALID_JOB: .*digest/, () => ({ digest: "x" })],
  ];

  it.each(foreign)("%s", async (_, reason, change) => {
    await using watched = await watch(server);
    const job = await blocks.put(Buffer.from("block"));
    await expect(blocks.run({ ...job, ...change(blocks.graph) })).rejects.toThrow(reason);
    expect(await watched.keysOf("get", "strlen", "eval")).toEqual([]);
    // The one that the test itself laid down.
    expect(await watched.keysOf("set")).toEqual([payloadKeys(job.key).input]);
    await blocks.redis.del(payloadKeys(job.key).input);
  });

  it("another name", async () => {
    await expect(blocks.run(await blocks.put(Buffer.from("a")), "checksum")).rejects.toThrow(
      /^INVALID_JOB: /,
    );
  });

  it.each([
    ["a block that has expired", /^SOURCE_NOT_FOUND: /, undefined],
    ["one that is cut", /^SOURCE_MISMATCH: .*4 bytes, not 5/, "bloc"],
    ["one that is longer", /^SOURCE_MISMATCH: .*6 bytes, not 5/, "blocks"],
    ["one of other bytes", /^SOURCE_MISMATCH: .*sha256/, "BLOCK"],
  ])("%s", async (_, reason, instead) => {
    const job = await blocks.put(Buffer.from("block"));
    const { input, output } = payloadKeys(job.key);
    if (instead === undefined) await blocks.redis.del(input);
    else await blocks.redis.set(input, instead);
    await expect(blocks.run(job)).rejects.toThrow(reason);
    expect(await blocks.redis.exists(output)).toBe(0);
  });

  it("a value of 100 MB that should be a block is not read", async () => {
    await using watched = await watch(server);
    const job = await blocks.put(Buffer.from("block"));
    await blocks.redis.setrange(payloadKeys(job.key).input, 100_000_000, "x");
    await expect(blocks.run(job)).rejects.toThrow(/^SOURCE_MISMATCH: .*100000001 bytes/);
    expect(await watched.keysOf("get", "getbuffer")).toEqual([]);
    expect(await watched.keysOf("strlen")).toEqual([payloadKeys(job.key).input]);
    await blocks.redis.del(payloadKeys(job.key).input);
  });

  it("a key that holds a list", async () => {
    const job = await blocks.put(Buffer.from("block"));
    const { input } = payloadKeys(job.key);
    await blocks.redis.del(input);
    await blocks.redis.lpush(input, "block");
    await expect(blocks.run(job)).rejects.toThrow(/^INTERNAL: WRONGTYPE/);
  });
});

describe("the end of a compressor", () => {
  it("gives back at once what it holds", async () => {
    await using own = await openBlockQueue(server.url);
    const leaving = await startCompressor({ redis: server.url, graphs: [own.graph], threads: 1 });
    const job = await own.queue.add("compress", await own.put(randomBytes(8 * 1024 * 1024)));
    await until("the job is not taken up", async () => (await job.getState()) === "active");
    const begun = performance.now();
    await leaving.close();
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(await job.getState()).toBe("waiting");
    expect(await own.redis.zcard(compressorKeys(own.graph).ids)).toBe(0);
  });

  it("comes when a worker has shut it out", async () => {
    await using own = await openBlockQueue(server.url);
    const out = await startCompressor({
      ...{ redis: server.url, graphs: [own.graph], threads: 1 },
      timing: { statusInterval: 20 },
    });
    await own.redis.set(compressorKeys(own.graph).refusal(out.id), "it made\nother bytes");
    await until("it goes on", async () => out.refused.aborted);
    expect(out.refused.reason).toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("other bytes"),
    });
    await out.close();
    expect(await own.redis.zcard(compressorKeys(own.graph).ids)).toBe(0);
  });
});

it("logs each failure on one line", () => {
  expect(lines.some((line) => /^compress: \d+ of graph g-\S+ failed: INVALID_JOB: /.test(line))).toBe(true);
  expect(lines.filter((line) => line.includes("\n"))).toEqual([]);
});

/** Hears every command that the server is given, but for those of scripts and statuses. */
async function watch({ port, command }: TestRedis) {
  const monitor = spawn("redis-cli", ["-p", `${port}`, "monitor"], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  monitor.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await until("the monitor does not begin", async () => said.startsWith("OK"));
  return {
    /** The keys that these commands were given, of blocks and of whatever is called secret or other. */
    async keysOf(...names: string[]) {
      await command("ECHO", "the end");
      await until("the monitor is late", async () => said.includes('"the end"'));
      return said
        .split("\n")
        .map((line) => [...line.matchAll(/"([^"]*)"/g)].map(([, word = ""]) => word))
        .filter(([name = ""]) => names.includes(name.toLowerCase()))
        .map(([name = "", ...args]) => (name.toLowerCase() === "eval" ? args[2] : args[0]) ?? "")
        .filter(
          (key) =>
            /:(input|output)$|secret|\{stevedore:other\b/.test(key) &&
            !key.includes(":compressor:") &&
            // Of another test's compressor, which looks after its own queue.
            !key.endsWith(":compress:stalled-check"),
        );
    },
    async [Symbol.asyncDispose]() {
      monitor.kill();
    },
  };
}
