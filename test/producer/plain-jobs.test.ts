// Jobs without options are added by a script of our own, many at a time: it leaves in Redis what BullMQ leaves.
import type { Job } from "bullmq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deduplicationId, jobIdPattern } from "../../src/jobs/index.js";
import type { NewJob } from "../../src/producer/index.js";
import { type GraphQueue, withGraphQueue } from "../support/redis/graph-queue.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

/** A job of another client. */
const holder = "held";
const image = "example.com/web:1.0";
const checksum = (id: string): NewJob => ({ name: "checksum", data: { id } });
const workOf = (id: string) => deduplicationId("checksum", { id }) ?? "";

/** All that the queue's keys hold, but for times, and for what BullMQ says twice of a job. */
async function dump({ queue, redis }: GraphQueue) {
  const prefix = queue.toKey("");
  const held: Record<string, unknown> = {};
  for (const key of (await redis.keys(`${prefix}*`)).sort()) {
    const name = key.slice(prefix.length);
    const type = await redis.type(key);
    if (type === "string") held[name] = await redis.get(key);
    if (type === "list") held[name] = await redis.lrange(key, 0, -1);
    if (type === "zset") held[name] = await redis.zrange(key, "0", "-1");
    if (type === "stream") held[name] = (await redis.xrange(key, "-", "+")).map(([, fields]) => fields);
    if (type !== "hash") continue;
    const { timestamp, opts = "null", ...fields } = await redis.hgetall(key);
    const { jobId: _, attempts: __, ...others } = JSON.parse(opts) ?? {};
    held[name] = { ...fields, opts: others, hasTime: /^\d{13}$/.test(timestamp ?? "") };
  }
  return held;
}

/** Enqueues jobs, and the same by BullMQ under the same ids. @returns the ids, and what each of both has left */
async function compare(prepare: (graph: GraphQueue) => Promise<unknown>, jobs: readonly NewJob[]) {
  let ids: string[] = [];
  const left: Awaited<ReturnType<typeof dump>>[] = [];
  const add = [
    async ({ producer }: GraphQueue) => {
      ids = (await producer.enqueueAll(jobs)).map(({ id }) => id);
    },
    async ({ queue }: GraphQueue) => {
      for (const [at, { name, data }] of jobs.entries()) {
        const same = workOf((data as { readonly id: string }).id);
        const deduplication = ids[at] === same ? {} : { deduplication: { id: same } };
        await queue.add(name, data, {
          jobId: ids[at] === holder ? "another" : (ids[at] ?? ""),
          ...deduplication,
        });
      }
    },
  ];
  for (const each of add) {
    await withGraphQueue(database.url, async (graph) => {
      await graph.queue.waitUntilReady();
      await prepare(graph);
      await each(graph);
      left.push(await dump(graph));
    });
  }
  return { ids, ours: left[0], bullMqs: left[1] };
}

/** Leaves a job of this work that has failed. */
async function end({ queue, fail }: GraphQueue, id: string): Promise<void> {
  await queue.add("checksum", { id }, { jobId: workOf(id) });
  await fail([workOf(id)], "IMAGE_NOT_FOUND", 1_700_000_000_000);
}

describe("what is left in Redis is what BullMQ leaves", () => {
  const nothing = async () => undefined;
  it.each([
    ["in an empty queue", nothing],
    ["in a paused queue", ({ queue }: GraphQueue) => queue.pause()],
    [
      "in a queue that has no more room at work",
      async ({ queue, redis }: GraphQueue) => {
        await queue.setGlobalConcurrency(1);
        await redis.lpush(queue.toKey("active"), "other");
      },
    ],
    [
      "in a queue of which nothing is known",
      ({ queue, redis }: GraphQueue) => redis.del(queue.toKey("meta")),
    ],
    ["after jobs of the same work that have ended", (graph: GraphQueue) => end(graph, image)],
    [
      "after a job of the same work that vanished without its end",
      async (graph: GraphQueue) => {
        await end(graph, image);
        await graph.redis.set(graph.queue.toKey(`de:${workOf(image)}`), "gone");
        await graph.redis.set(graph.queue.toKey(`dn:${workOf(image)}`), "gone");
      },
    ],
  ] as const)("%s", async (_, prepare) => {
    const { ids, ours, bullMqs } = await compare(prepare, [checksum(image), checksum("b")]);
    expect(ours).toEqual(bullMqs);
    expect(ids[1]).toBe(workOf("b"));
    expect(ids[0]).toMatch(jobIdPattern);
  });

  it("for a while in which another client's job holds the work", async () => {
    const { ids, ours, bullMqs } = await compare(
      async (graph) => {
        await end(graph, image);
        await graph.queue.add(
          "checksum",
          {},
          { jobId: holder, deduplication: { id: workOf(image), ttl: 60_000 } },
        );
        await graph.redis.hset(graph.queue.toKey(holder), "finishedOn", "1");
      },
      [checksum(image)],
    );
    expect(ids).toEqual([holder]);
    // The id that the job would have had is one that is made up.
    const told = (held: typeof ours) =>
      (held?.events as string[][] | undefined)?.map((each) =>
        each.slice(0, each[1] === "deduplicated" ? 6 : undefined),
      );
    expect(told(ours)).toEqual(told(bullMqs));
    // BullMQ counts a job that has joined another.
    expect({ ...ours, events: [], id: "" }).toEqual({ ...bullMqs, events: [], id: "" });
  });
});

it("jobs of the same work among many are one, as urgent as the last of them", () =>
  withGraphQueue(database.url, async ({ producer, queue }) => {
    const urgent = await producer.enqueue("checksum", { id: "a" }, { priority: 7 });
    const jobs = await producer.enqueueAll(["a", "b", "a", "b"].map(checksum));
    expect(jobs.map(({ id }) => id)).toEqual([urgent.id, workOf("b"), urgent.id, workOf("b")]);
    expect((await queue.getJob(urgent.id))?.priority).toBe(0);
    expect(await queue.getWaitingCount()).toBe(2);
  }));

it("jobs of the same work among many are one, also while the record of an earlier one is kept", () =>
  withGraphQueue(database.url, async (graph) => {
    await end(graph, "a");
    const jobs = await graph.producer.enqueueAll(["a", "b", "a"].map(checksum));
    expect(jobs[0]?.id).not.toBe(workOf("a"));
    expect(jobs[2]?.id).toBe(jobs[0]?.id);
    const waiting: Job[] = await graph.queue.getWaiting();
    expect(waiting.map(({ id }) => id).sort()).toEqual([jobs[0]?.id, workOf("b")].sort());
  }));

it("leave nothing half if a key of the queue holds something else", () =>
  withGraphQueue(database.url, async ({ producer, queue, redis }) => {
    await redis.set(queue.toKey("wait"), "no list");
    await expect(producer.enqueueAll(["a", "b"].map(checksum))).rejects.toThrow(/WRONGTYPE/);
    expect(await redis.exists(queue.toKey(workOf("a")), queue.toKey(workOf("b")))).toBe(0);
  }));

it("go in parts if their data is large", () =>
  withGraphQueue(
    database.url,
    async ({ producer, queue }) => {
      const comment = "x".repeat(700_000);
      const jobs = Array.from({ length: 5 }, (_, n) => ({
        name: "store" as const,
        data: { image: { id: `image-${n}`, comment }, layer: { path: `/${n}` } },
      }));
      const ids = (await producer.enqueueAll(jobs)).map(({ id }) => id);
      expect((await queue.getWaiting()).map(({ id }) => id)).toEqual(ids);
    },
    "store",
  ));
