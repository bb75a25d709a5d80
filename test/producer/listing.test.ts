// Lists jobs whose queues change while they are read.
import { afterAll, beforeAll, expect, it } from "vitest";
import { withForeignWorker } from "../support/redis/foreign-worker.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";

let redis: TestDatabase;
beforeAll(async () => {
  redis = await openDatabase();
});
afterAll(() => redis[Symbol.asyncDispose]());

it("jobs that are removed while 2,000 are listed hide no others, from whichever end they go", () =>
  withForeignWorker(redis.url, async (producer) => {
    const jobs = Array.from({ length: 2_000 }, (_, at) => {
      const jobId = `job-${String(at).padStart(4, "0")}`;
      return { name: "checksum", data: { id: jobId }, jobId } as const;
    });
    const enqueued = await producer.enqueueAll(jobs);
    // One that was listed already, and two that were not.
    const removed = new Set([100, 700, 1_900].flatMap((from) => enqueued.slice(from, from + 50)));
    const listed: string[] = [];
    for await (const { id } of producer.jobs({ state: "waiting" })) {
      listed.push(id);
      if (listed.length === 400) await Promise.all([...removed].map((job) => producer.withdraw(job)));
    }
    const gone = new Set([...removed].slice(50).map(({ id }) => id));
    expect(listed).toEqual(enqueued.map(({ id }) => id).filter((id) => !gone.has(id)));
  }));
