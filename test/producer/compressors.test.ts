// What a producer reads of compressors: their statuses, whether they are trusted, and the blocks that wait for them.
import { afterAll, beforeAll, expect, it } from "vitest";
import { compressorKeys } from "../../src/jobs/index.js";
import { openProducer } from "../../src/producer/index.js";
import { startCompressor } from "../../src/worker/index.js";
import { type BlockQueue, openBlockQueue } from "../support/redis/block-queue.js";
import { tellOfCompressor } from "../support/redis/compressor-status.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

async function withBlocks(use: (blocks: BlockQueue, read: () => ReturnType<ReadNow>) => Promise<void>) {
  await using blocks = await openBlockQueue(database.url);
  const producer = openProducer({ redis: database.url, graph: blocks.graph });
  try {
    await use(blocks, () => producer.compressors());
  } finally {
    await producer.close();
  }
}
type ReadNow = ReturnType<typeof openProducer>["compressors"];

it("tells of none, and writes nothing for a graph that nobody compresses for", async () => {
  const producer = openProducer({ redis: database.url, graph: "alone" });
  expect(await producer.compressors()).toEqual({ compressors: [], blocks: { waiting: 0, active: 0 } });
  await producer.close();
  expect(await database.command("KEYS", "{stevedore:alone}:comp*")).toEqual([]);
});

it("tells of a compressor that serves, and of what it has made", () =>
  withBlocks(async (blocks, read) => {
    const compressor = await startCompressor({
      ...{ redis: database.url, graphs: [blocks.graph], threads: 2, host: "helper" },
      timing: { statusInterval: 20 },
    });
    const input = Buffer.alloc(100_000, "text ");
    const { length } = (await blocks.run(await blocks.put(input))) as { length: number };
    await expect
      .poll(async () => (await read()).compressors)
      .toMatchObject([
        {
          ...{ id: compressor.id, host: "helper", slots: { total: 2, busy: 0 }, refusal: null },
          made: { blocks: 1, bytesIn: input.length, bytesOut: length },
        },
      ]);
    await compressor.close();
    expect((await read()).compressors).toEqual([]);
  }));

it("counts the blocks that wait, of batches too, and those that are at work", () =>
  withBlocks(async (blocks, read) => {
    for (const options of [{}, {}, { priority: 1 }]) await blocks.queue.add("compress", {}, options);
    expect((await read()).blocks).toEqual({ waiting: 3, active: 0 });
    await blocks.redis.lmove(blocks.queue.toKey("wait"), blocks.queue.toKey("active"), "LEFT", "LEFT");
    expect((await read()).blocks).toEqual({ waiting: 2, active: 1 });
    await blocks.queue.pause();
    expect((await read()).blocks).toEqual({ waiting: 2, active: 1 });
  }));

it("says of one that is shut out why, and leaves out what is no status or that of another", () =>
  withBlocks(async ({ redis, graph }, read) => {
    const keys = compressorKeys(graph);
    const trusted = await tellOfCompressor(redis, graph, "b");
    await tellOfCompressor(redis, graph, "a", { metrics: [] });
    await redis.set(keys.refusal("a"), "it made other bytes");
    await tellOfCompressor(redis, graph, "c", { id: "b" });
    await tellOfCompressor(redis, graph, "d", { slots: { total: 0, busy: 0 } });
    await redis.set(keys.of("e"), "text");
    for (const id of ["e", "expired"]) await redis.zadd(keys.ids, Date.now(), id);
    expect((await read()).compressors).toEqual([
      {
        ...{ ...trusted, id: "a", metrics: [], at: expect.any(Number) },
        ...{ made: { blocks: 0, bytesIn: 0, bytesOut: 0 }, refusal: "it made other bytes" },
      },
      { ...trusted, made: { blocks: 12, bytesIn: 96 * 1024 ** 2, bytesOut: 32 * 1024 ** 2 }, refusal: null },
    ]);
  }));

it("takes no number from a status that JSON cannot tell again", () =>
  withBlocks(async ({ redis, graph }, read) => {
    const values = [null, 1e308, 1e308, -1].map((value) => ({ value, labels: {} }));
    const name = "stevedore_compressor_read_bytes_total";
    await tellOfCompressor(redis, graph, "a", { metrics: [{ name, help: "", type: "counter", values }] });
    const [told] = (await read()).compressors;
    expect(told?.made).toEqual({ blocks: 0, bytesIn: Number.MAX_SAFE_INTEGER, bytesOut: 0 });
  }));
