// A Redis that is full (`maxmemory`, `noeviction`), seen from a producer, a server and a worker; and one with room again.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { type RunningServer, startServer } from "../../src/server/index.js";
import { startWorker } from "../../src/worker/index.js";
import { ask } from "../support/http/http-server.js";
import { startRedis, type TestRedis } from "../support/redis/redis-server.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { until } from "../support/until.js";

const scratch = useScratchDirectory();
const graph = "full";
let redis: TestRedis;
let producer: Producer;
let server: RunningServer;
let root: string;

beforeAll(async () => {
  redis = await startRedis();
  root = join(await scratch.fresh(), "root");
  mkdirSync(join(root, "graph"), { recursive: true });
  producer = openProducer({ redis: redis.url, graph });
  server = await startServer({ redis: redis.url, graph, root, tokens: [] });
});
afterAll(async () => {
  await server.close();
  await producer.close();
  await redis[Symbol.asyncDispose]();
});
beforeEach(() => empty());

const fill = () => redis.command("CONFIG", "SET", "maxmemory", "1mb");
const empty = () => redis.command("CONFIG", "SET", "maxmemory", "0");
const refused = {
  code: "QUEUE_UNAVAILABLE",
  message: expect.stringMatching(/^Redis at .* refuses: OOM .*\(Redis is full/),
};

it("is QUEUE_UNAVAILABLE to a producer, whatever it writes, and is read all the same", async () => {
  const kept = await producer.enqueue("checksum", { id: "kept" });
  await fill();
  await expect(producer.enqueue("checksum", { id: "a" })).rejects.toMatchObject(refused);
  await expect(producer.enqueueOnce("key", "checksum", { id: "a" })).rejects.toMatchObject(refused);
  const many = ["a", "b"].map((id) => ({ name: "checksum", data: { id } }) as const);
  await expect(producer.enqueueAll(many)).rejects.toMatchObject(refused);
  await expect(producer.enqueue("mount", { id: "a", host: "new" })).rejects.toMatchObject(refused);
  await expect(producer.cancel(kept.id)).rejects.toMatchObject(refused);
  await expect(producer.schedule({ name: "gc", data: {}, cron: "@daily" })).rejects.toMatchObject(refused);
  await expect(producer.assertWritable()).rejects.toMatchObject(refused);
  expect(await producer.job(kept.id)).toMatchObject({ state: "waiting" });
  await empty();
  expect(await producer.cancel(kept.id)).toBe(true);
  await producer.enqueueAll(many);
  expect((await producer.counts()).checksum.waiting).toBe(2);
});

it("is 503 with Retry-After over HTTP, and in the readiness and the metrics", async () => {
  const { url } = server;
  const writable = async () => {
    const { status, body } = await ask(url, "/metrics");
    return [status, /^stevedore_redis_writable (\d)/m.exec(body)?.[1]];
  };
  const ready = async () => (await ask(url, "/readyz")).body.checks.redis;
  expect(await writable()).toEqual([200, "1"]);
  expect(await ready()).toMatchObject({ ok: true });
  await fill();
  for (const [method, path, body] of [
    ["POST", "/api/v1/jobs/checksum", { id: "not-there-yet" }],
    ["POST", "/api/v1/jobs", [{ name: "checksum", data: { id: "not-there-yet" } }]],
    ["POST", "/queues/api/queues/checksum/add", { name: "checksum", data: {}, options: {} }],
  ] as const) {
    const answer = await ask(url, path, { method, body });
    expect([path, answer.status, answer.headers.get("retry-after"), answer.body.code]).toEqual([
      ...[path, 503, "5", "QUEUE_UNAVAILABLE"],
    ]);
  }
  expect((await ask(url, "/api/v1/jobs")).status).toBe(200);
  expect(await writable()).toEqual([200, "0"]);
  expect((await ask(url, "/readyz")).status).toBe(503);
  expect(await ready()).toEqual({ ok: false, detail: refused.message });
  await empty();
  expect(await writable()).toEqual([200, "1"]);
  expect(await ready()).toMatchObject({ ok: true });
  expect((await ask(url, "/api/v1/jobs/checksum", { body: { id: "a" } })).status).toBe(202);
});

it("makes a worker wait, in one line, and take up what waits when there is room", async () => {
  const lines: string[] = [];
  await fill();
  const timing = { outage: { reminder: 60_000, quiet: 1_200 } };
  const starting = startWorker({ redis: redis.url, graph, root, log: (line) => lines.push(line), timing });
  const told = (count: number, what: RegExp) =>
    until(`${count} lines ${what}`, async () => lines.filter((line) => what.test(line)).length === count);
  const begins = / is not available, waiting for it: OOM/;
  const ends = / is available again, after \d+s$/;
  await told(1, begins);
  await empty();
  const worker = await starting;
  try {
    const before = await producer.enqueue("checksum", { id: "nothing" });
    await expect(producer.wait(before)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await told(1, ends);
    await fill();
    await told(2, begins);
    await empty();
    const after = await producer.enqueue("checksum", { id: "nothing" });
    await expect(producer.wait(after)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await told(2, ends);
    expect(lines.filter((line) => line.includes("OOM"))).toHaveLength(2);
  } finally {
    await worker.close(0);
  }
});
