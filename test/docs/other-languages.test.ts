// The programs of docs/other-languages.md, each as a user runs it: against a real Redis and worker. Then what the script
// that two of them enqueue by leaves in Redis, as BullMQ and a producer of ours see it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Queue } from "bullmq";
import { execa } from "execa";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { type Running, startStevedore } from "../support/processes/stevedore.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const clients = join(import.meta.dirname, "../../docs/clients");
const scratch = useScratchDirectory();
let redis: TestDatabase;
let worker: Running;

const commands: Readonly<Record<string, readonly string[]>> = {
  "enqueue.mjs": ["node", join(clients, "enqueue.mjs")],
  // Debian's, which has Debian's python3-redis.
  "enqueue.py": ["/usr/bin/python3", join(clients, "enqueue.py")],
  "enqueue.sh": ["bash", join(clients, "enqueue.sh")],
};

beforeAll(async () => {
  redis = await openDatabase();
  const root = await scratch.fresh();
  await mkdir(join(root, "graph/base/layer"), { recursive: true });
  await writeFile(join(root, "graph/base/json"), '{"id":"base","created":"2013-01-01T00:00:00Z"}');
  worker = startStevedore(["worker", "--redis", redis.url], { root });
  await worker.says(/ serving /);
});
afterAll(async () => {
  await worker?.stop();
  await redis?.[Symbol.asyncDispose]();
});

describe.each(Object.entries(commands))("%s", (file, [program = "", ...args]) => {
  const run = async (more: readonly string[], jobId?: string) =>
    execa(program, [...args, ...more], {
      env: { STEVEDORE_REDIS_URL: redis.url, ...(jobId === undefined ? {} : { JOB_ID: jobId }) },
      reject: false,
    });

  it("is told of in docs/other-languages.md", async () => {
    expect(await readFile(join(clients, "../other-languages.md"), "utf8")).toContain(`(clients/${file})`);
  });

  it("brings back the result of its job", async () => {
    const { stdout, stderr, exitCode } = await run(["checksum", "checksum", '{"id":"base","force":true}']);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ id: "base", checksum: expect.stringMatching(/^sha256:/) });
  });

  it("enqueues a job of an id once", async () => {
    const id = `once-${file}`;
    const [first, second] = [
      await run(["checksum", "checksum", '{"id":"base"}'], id),
      await run(["checksum", "checksum", '{"id":"base"}'], id),
    ];
    expect(JSON.parse(second.stdout)).toEqual(JSON.parse(first.stdout));
  });

  it.each([
    ["data that breaks the contract", ["checksum", "checksum", '{"image":"base"}'], "INVALID_JOB: "],
    ["a job that there is not", ["checksum", "check-sum", '{"id":"base"}'], "INVALID_JOB: "],
    ["a job of another queue", ["checksum", "gc", "{}"], "INVALID_JOB: "],
    ["an image that is not there", ["checksum", "checksum", '{"id":"nothing"}'], "IMAGE_NOT_FOUND: "],
  ])("is told of %s", async (_what, job, code) => {
    const { stderr, exitCode } = await run(job);
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toMatch(new RegExp(`^${code}`));
  });
});

describe("a job that enqueue.lua has put there", () => {
  const graph = "by-script";
  const queueName = "checksum";
  const key = `${keyPrefix(graph)}:${queueName}`;
  let connection: Redis;
  let producer: Producer;
  let queue: Queue;
  let script = "";
  const enqueue = (id: string, data: object = { id: "base" }) => {
    const keys = [id, "wait", "meta", "events", "marker"].map((part) => `${key}:${part}`);
    return connection.eval(script, keys.length, ...keys, id, "checksum", JSON.stringify(data));
  };

  beforeAll(async () => {
    script = await readFile(join(clients, "enqueue.lua"), "utf8");
    connection = new Redis(redis.url, { maxRetriesPerRequest: null });
    producer = openProducer({ redis: redis.url, graph });
    queue = new Queue(queueName, { connection, prefix: keyPrefix(graph) });
  });
  afterAll(async () => {
    await queue.close();
    await producer.close();
    connection.disconnect();
  });

  it("has the record, the place and the events of one that a producer has enqueued", async () => {
    // Each on a queue of its own, which nothing else has touched.
    const shape = async (add: () => Promise<unknown>, id: string) => {
      await queue.obliterate({ force: true });
      await connection.del(`${key}:meta`, `${key}:events`, `${key}:marker`);
      await add();
      const record = await connection.hgetall(`${key}:${id}`);
      const events = await connection.xrange(`${key}:events`, "-", "+");
      return {
        record: {
          ...record,
          opts: JSON.parse(record.opts ?? "{}") as Record<string, unknown>,
          timestamp: /^\d{13}$/.test(record.timestamp ?? ""),
        },
        wait: await connection.lrange(`${key}:wait`, 0, -1),
        marker: await connection.zrange(`${key}:marker`, "0", "-1", "WITHSCORES"),
        events: events.map(([, fields]) => fields),
      };
    };
    const byScript = await shape(() => enqueue("same"), "same");
    const byProducer = await shape(
      () => producer.enqueue("checksum", { id: "base" }, { jobId: "same" }),
      "same",
    );
    // What a second job of the same image would be joined by: the script joins nothing.
    const { deid: _joined, ...record } = byProducer.record as typeof byProducer.record & {
      readonly deid?: string;
    };
    const { de: _deduplication, ...opts } = record.opts;
    expect(byScript).toEqual({ ...byProducer, record: { ...record, opts } });
  });

  it("is added once", async () => {
    expect(await enqueue("twice")).toBe(1);
    expect(await enqueue("twice")).toBe(0);
    expect((await connection.lrange(`${key}:wait`, 0, -1)).filter((id) => id === "twice")).toHaveLength(1);
  });

  it("is found, listed and counted by BullMQ and by a producer", async () => {
    await enqueue("seen");
    expect(await (await queue.getJob("seen"))?.getState()).toBe("waiting");
    expect((await queue.getJobs(["waiting"])).map(({ id }) => id)).toContain("seen");
    expect(await producer.job("seen")).toMatchObject({
      id: "seen",
      name: "checksum",
      state: "waiting",
      data: { id: "base" },
    });
    const listed: string[] = [];
    for await (const { id } of producer.jobs()) listed.push(id);
    expect(listed).toContain("seen");
  });

  it("is cancelled and retried as any other", async () => {
    await enqueue("ended");
    expect(await producer.cancel("ended")).toBe(true);
    expect(await connection.hget(`${key}:ended`, "failedReason")).toMatch(/^CANCELLED/);
    await (await queue.getJob("ended"))?.retry();
    expect(await (await queue.getJob("ended"))?.getState()).toBe("waiting");
  });

  it("wakes no worker of a queue that is paused, and waits there", async () => {
    await queue.pause();
    await connection.del(`${key}:marker`);
    await enqueue("waits");
    expect(await connection.exists(`${key}:marker`)).toBe(0);
    expect(await (await queue.getJob("waits"))?.getState()).toBe("waiting");
    await queue.resume();
    expect(await connection.exists(`${key}:marker`)).toBe(1);
  });
});
