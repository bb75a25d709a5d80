// Jobs that do the same join the one that has not ended, whatever ids they have.
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deduplicationId, isJobId } from "../../src/jobs/index.js";
import { runs } from "../support/processes/runs.js";
import { type GraphQueue, withGraphQueue } from "../support/redis/graph-queue.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const data = { id: "a" };
const same = deduplicationId("checksum", data) ?? "";

/** The ids of the jobs that have not ended. */
async function unfinished({ queue }: GraphQueue): Promise<string[]> {
  return (await queue.getJobs(["waiting", "active", "prioritized", "delayed"])).map(({ id = "" }) => id);
}

const step = fc.oneof(
  fc.record({
    do: fc.constant("enqueue" as const),
    jobId: fc.option(fc.constantFrom("x", "y"), { nil: undefined }),
  }),
  fc.record({ do: fc.constant("enqueueAll" as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constantFrom("fail" as const, "retry" as const, "remove" as const) }),
);

it("leave one unfinished job of some work, through any ends, retries and removals", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) =>
      withGraphQueue(database.url, async (graphQueue) => {
        const { producer, queue, fail } = graphQueue;
        for (const each of steps) {
          const before = await unfinished(graphQueue);
          const [failed] = await queue.getFailed(0, 0);
          if (each.do === "fail") await fail(before);
          else if (each.do === "remove" && failed?.id !== undefined) await producer.remove(failed.id);
          else if (each.do === "retry" && failed?.id !== undefined) {
            const retried = producer.retry(failed.id);
            if (before.length > 0) await expect(retried).rejects.toMatchObject({ code: "INVALID_JOB" });
            else await retried;
          } else if (each.do === "enqueueAll") {
            const jobs = Array.from({ length: each.count }, () => ({ name: "checksum" as const, data }));
            const ids = (await producer.enqueueAll(jobs)).map(({ id }) => id);
            expect(await unfinished(graphQueue)).toEqual([ids[0]]);
            expect(new Set(ids).size).toBe(1);
            if (before.length > 0) expect(ids[0]).toBe(before[0]);
          } else if (each.do === "enqueue") {
            const known = each.jobId !== undefined && (await queue.getJob(each.jobId)) !== undefined;
            const { id } = await producer.enqueue("checksum", data, { jobId: each.jobId });
            if (known) expect(id).toBe(each.jobId);
            else expect(await unfinished(graphQueue)).toEqual([id]);
          }
          expect((await unfinished(graphQueue)).length).toBeLessThanOrEqual(1);
        }
      }),
    ),
    { numRuns: runs(15) },
  );
});

it("are one job when many producers ask at the same time", () =>
  withGraphQueue(database.url, async (graphQueue) => {
    const { producer, fail } = graphQueue;
    const askAll = async () => {
      const jobs = await Promise.all(Array.from({ length: 40 }, () => producer.enqueue("checksum", data)));
      return new Set(jobs.map(({ id }) => id));
    };
    expect(await askAll()).toEqual(new Set([same]));
    await fail([same]);
    const again = await askAll();
    expect(again.size).toBe(1);
    expect(again).not.toContain(same);
  }));

it("join a job of a plain BullMQ client that gives the same deduplication id", () =>
  withGraphQueue(database.url, async ({ producer, queue }) => {
    const { id } = await queue.add("checksum", data, { deduplication: { id: same } });
    expect((await producer.enqueue("checksum", data)).id).toBe(id);
  }));

it("have ids that jobs may have, and that no command takes for a flag", () => {
  for (let n = 0; n < 300; n++) {
    const id = deduplicationId("checksum", { id: `image-${n}` }) ?? "";
    expect(isJobId(id)).toBe(true);
    expect(id).toMatch(/^c[A-Za-z0-9_-]{21}$/);
  }
});
