// Clocks that are set while jobs wait and run: nothing is lost, and nothing waits until a clock is where it was.
import { setTimeout as sleep } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterEach, expect, it, vi } from "vitest";
import { callbacksKey, keyPrefix, workerStatusKeys } from "../../src/jobs/index.js";
import { keepLocksRenewed } from "../../src/worker/clocks/index.js";
import { useDock } from "../support/dock.js";
import { writeSingleFileImage } from "../support/images/single-file-image.js";
import { quickLocks } from "../support/processes/quick-locks.js";

const dock = useDock();
const hour = 3_600_000;
const timing = { ...quickLocks, statusInterval: 50 };
afterEach(() => void vi.restoreAllMocks());

async function withRedis(use: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
  try {
    await use(redis);
  } finally {
    redis.disconnect();
  }
}

function setClock(by: number): void {
  const real = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => real() + by);
}

it("a delayed job waits for its delay and no longer, by whatever clock that was counted", () =>
  dock.serving(
    ({ producer, root }) =>
      withRedis(async () => {
        writeSingleFileImage(root, "a", 10);
        setClock(hour);
        const job = await producer.enqueue("checksum", { id: "a" }, { delayMs: 300 });
        vi.restoreAllMocks();
        expect(await producer.wait(job)).toMatchObject({ id: "a" });
      }),
    { timing },
  ));

it("a job that is due is done, though this host's clock has been set back", () =>
  dock.serving(
    async ({ producer, root }) => {
      writeSingleFileImage(root, "a", 10);
      const job = await producer.enqueue("checksum", { id: "a" }, { delayMs: 300 });
      setClock(-hour);
      expect(await producer.wait(job)).toMatchObject({ id: "a" });
    },
    { timing },
  ));

it("the lock of a worker that died, and the marks of lookers, end in time once Redis's clock was set back", () =>
  dock.serving(
    ({ producer, root, graphName }) =>
      withRedis(async (redis) => {
        writeSingleFileImage(root, "a", 10);
        const prefix = `${keyPrefix(graphName)}:checksum`;
        // As it is an hour after the server's clock was set back by one.
        const locked = redis.multi().set(`${keyPrefix(graphName)}:time`, Date.now() + hour);
        for (const key of [`${prefix}:stalled-check`, `${callbacksKey(graphName)}:sweeper`])
          locked.set(key, "1", "PX", hour + 100);
        locked.hset(`${prefix}:dead`, {
          ...{ name: "checksum", data: JSON.stringify({ id: "a" }), opts: "{}", timestamp: Date.now() },
          ...{ delay: 0, priority: 0 },
        });
        await locked
          .rpush(`${prefix}:active`, "dead")
          .set(`${prefix}:dead:lock`, "of the dead", "PX", hour + 500)
          .exec();
        expect(await producer.wait({ queue: "checksum", id: "dead" } as never)).toMatchObject({ id: "a" });
        expect(await redis.pttl(`${callbacksKey(graphName)}:sweeper`)).toBeLessThan(hour);
      }),
    { timing },
  ));

it("the lock of a job that runs is renewed, though this host's clock is set back", () =>
  withRedis(async (redis) => {
    const options = { connection: redis, prefix: "{clocks}" };
    const lockDuration = 400;
    const worker = new Worker("long", () => sleep(1_500), { ...options, lockDuration, autorun: false });
    keepLocksRenewed(worker, lockDuration);
    const queue = new Queue("long", options);
    try {
      void worker.run();
      const { id } = await queue.add("job", {});
      await vi.waitFor(async () => expect(await redis.exists(`{clocks}:long:${id}:lock`)).toBe(1));
      setClock(-hour);
      for (let look = 0; look < 10; look++) {
        await sleep(100);
        expect(await redis.exists(`{clocks}:long:${id}:lock`)).toBe(1);
      }
    } finally {
      await worker.close();
      await queue.obliterate({ force: true });
      await queue.close();
    }
  }));

it("a host whose clock is ahead does not take the others for silent", () =>
  dock.serving(
    ({ graphName }) =>
      withRedis(async (redis) => {
        const { ids } = workerStatusKeys(graphName);
        await redis.zadd(ids, Date.now(), "another");
        setClock(3 * hour);
        const [own = ""] = (await redis.zrange(ids, "0", "-1")).filter((id) => id !== "another");
        await redis.zrem(ids, own);
        await expect.poll(() => redis.zrange(ids, "0", "-1")).toContain(own);
        expect(await redis.zrange(ids, "0", "-1")).toContain("another");
      }),
    { timing },
  ));
