// Jobs that are retried and removed over HTTP, queues that are paused, and jobs with a priority or a delay.
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { formatFailedReason, keyPrefix } from "../../../../src/jobs/index.js";
import { useDock } from "../../../support/dock.js";
import { type HttpService, servingHttp } from "../../../support/http/http-server.js";

const dock = useDock();

interface Scene extends HttpService {
  readonly queue: Queue;
  readonly redis: Redis;
  /** Enqueues a checksum that has failed. */
  failed(id: string, code?: "NO_SPACE" | "IMAGE_NOT_FOUND"): Promise<void>;
  /** The lines that the server has logged. */
  readonly lines: readonly string[];
}

async function scene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const lines: string[] = [];
  await servingHttp(
    dock,
    async (service) => {
      const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
      const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix(service.graphName) });
      const failed: Scene["failed"] = async (id, code = "IMAGE_NOT_FOUND") => {
        await queue.add("checksum", { id }, { jobId: id });
        await redis.lrem(queue.toKey("wait"), 1, id);
        await redis.zadd(queue.toKey("failed"), 1, id);
        await redis.hset(queue.toKey(id), { failedReason: formatFailedReason(code, id), finishedOn: 1 });
      };
      try {
        await use({ ...service, queue, redis, failed, lines });
      } finally {
        await queue.close();
        redis.disconnect();
      }
    },
    { worker: false, server: { log: (line) => lines.push(line) } },
  );
}

const post = { method: "POST" } as const;

describe("a job over HTTP", () => {
  it("is retried, and refused with 409 while it waits, 404 where it is not", () =>
    scene(async ({ ask, failed, queue, lines }) => {
      await failed("a");
      expect(await ask("/api/v1/jobs/checksum/a/retry", post)).toMatchObject({
        ...{ status: 200, body: { id: "a", state: "waiting", failedReason: null, finishedAt: null } },
      });
      expect(await queue.getJobState("a")).toBe("waiting");
      expect(await ask("/api/v1/jobs/checksum/a/retry", post)).toMatchObject({
        status: 409,
        body: {
          code: "INVALID_JOB",
          detail: "the job a cannot be retried: only a job that has failed can, and it is waiting",
        },
      });
      for (const path of ["checksum/b", "store/a", "nowhere/a", "checksum/x%0Aforged"]) {
        for (const verb of ["retry", "remove"]) {
          expect(await ask(`/api/v1/jobs/${path}/${verb}`, post)).toMatchObject({
            ...{ status: 404, body: { code: "NOT_FOUND" } },
          });
        }
      }
      expect(lines).toEqual(["retried the job a of checksum"]);
    }));

  it("is removed, unless it is at work", () =>
    scene(async ({ ask, failed, queue, redis, lines }) => {
      await failed("a");
      expect((await ask("/api/v1/jobs/checksum/a/remove", post)).status).toBe(204);
      expect(await queue.getJob("a")).toBeUndefined();
      expect((await ask("/api/v1/jobs/checksum/a/remove", post)).status).toBe(404);
      await queue.add("checksum", { id: "b" }, { jobId: "b" });
      await redis.rename(queue.toKey("wait"), queue.toKey("active"));
      expect(await ask("/api/v1/jobs/checksum/b/remove", post)).toMatchObject({
        status: 409,
        body: { code: "INVALID_JOB", detail: "the job b cannot be removed: it is active: cancel it first" },
      });
      expect(lines).toEqual(["removed the job a of checksum"]);
    }));
});

describe("Bull Board", () => {
  it("retries as the API does: a batch forgets the children that failed, for which it would wait", () =>
    scene(async ({ ask, failed, queue, redis }) => {
      await failed("batch");
      await failed("batch.a");
      await redis.hset(queue.toKey("batch:failed"), queue.toKey("batch.a"), "IMAGE_NOT_FOUND: a");
      const retry = () => ask("/queues/api/queues/checksum/batch/retry", { method: "PUT" });
      expect((await retry()).status).toBe(204);
      expect(await queue.getJobState("batch")).toBe("waiting");
      expect(await queue.getJob("batch.a")).toBeUndefined();
      expect(await redis.exists(queue.toKey("batch:failed"))).toBe(0);
      expect((await retry()).status).toBe(400);
    }));
});

describe("jobs over HTTP", () => {
  it("are retried and removed by a filter that says a state", () =>
    scene(async ({ ask, failed, queue, lines }) => {
      for (const id of ["a", "b", "c"]) await failed(id);
      for (const id of ["d", "e"]) await failed(id, "NO_SPACE");
      const retry = (body: object) => ask("/api/v1/jobs/retry", { body });
      expect(await retry({ state: "failed", code: "NO_SPACE", name: "checksum" })).toMatchObject({
        ...{ status: 200, body: { retried: 2, refused: 0, refusals: [] } },
      });
      expect((await retry({ state: "failed", image: "c" })).body.retried).toBe(1);
      expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 3, failed: 2 });
      const remove = (body: object) => ask("/api/v1/jobs/remove", { body });
      expect((await remove({ state: "waiting", queue: "checksum" })).body).toMatchObject({ removed: 3 });
      expect((await remove({ state: "failed", before: 1 })).body).toMatchObject({ removed: 0 });
      expect((await remove({ state: "failed", before: Date.now() })).body).toMatchObject({ removed: 2 });
      expect(lines[0]).toBe(
        'retried 2 jobs, and not 0: {"state":"failed","name":"checksum","code":"NO_SPACE"}',
      );
      expect(lines).toHaveLength(5);
    }));

  it.each([
    ["no filter", {}],
    ["no state", { code: "INTERNAL" }],
    ["a state that cannot be", { state: "active" }],
    ["an unknown field", { state: "failed", ids: ["a"] }],
    ["an unknown code", { state: "failed", code: "WHATEVER" }],
    ["a time that is none", { state: "failed", before: "7d" }],
    ["a list", []],
  ])("stay as they are for a filter with %s", (_, body) =>
    scene(async ({ ask, failed, queue }) => {
      await failed("a");
      for (const verb of ["retry", "remove"]) {
        expect(await ask(`/api/v1/jobs/${verb}`, { body })).toMatchObject({
          ...{ status: 422, body: { code: "INVALID_JOB" } },
        });
        expect((await ask(`/api/v1/jobs/${verb}`, post)).status).toBeGreaterThanOrEqual(400);
      }
      expect(await queue.getFailedCount()).toBe(1);
    }),
  );

  it("are enqueued with a priority and a delay", () =>
    scene(async ({ ask, queue }) => {
      const one = await ask("/api/v1/jobs/checksum?priority=5&delayMs=60000", { body: { id: "a" } });
      expect(one).toMatchObject({ status: 202, body: { state: "delayed" } });
      const once = await ask("/api/v1/jobs/checksum?priority=5&delayMs=60000", {
        ...{ body: { id: "b" }, headers: { "idempotency-key": '"k"' } },
      });
      const many = await ask("/api/v1/jobs", {
        body: [{ name: "checksum", data: { id: "c" }, jobId: "job-c", priority: 5, delayMs: 60_000 }],
      });
      for (const id of [one.body.id, once.body.id, many.body.jobs[0].id]) {
        expect(await queue.getJob(id)).toMatchObject({ priority: 5, delay: 60_000 });
      }
      for (const query of ["priority=-1", "priority=x", "delayMs=1.5", "priority=2097152"]) {
        const { status, body } = await ask(`/api/v1/jobs/checksum?${query}`, { body: { id: "d" } });
        const field = query.split("=")[0] ?? "";
        expect([status, body.code, body.detail]).toEqual([
          400,
          "INVALID_REQUEST",
          expect.stringMatching(field),
        ]);
      }
      const wrong = await ask("/api/v1/jobs", {
        body: [{ name: "checksum", data: { id: "d" }, priority: -1 }],
      });
      expect(wrong).toMatchObject({ status: 422, body: { code: "INVALID_JOB" } });
      expect(wrong.body.detail).toContain("priority");
    }));
});

describe("a queue over HTTP", () => {
  it("is paused and resumed, is told of, and stays so when it is asked again", () =>
    scene(async ({ ask, queue, lines }) => {
      const to = (verb: string) => ask(`/api/v1/queues/checksum/${verb}`, post);
      const answer = (paused: boolean, changed: boolean) => ({
        ...{ status: 200, body: { queue: "checksum", paused, changed } },
      });
      expect(await to("pause")).toMatchObject(answer(true, true));
      expect(await to("pause")).toMatchObject(answer(true, false));
      expect([await queue.isPaused(), (await ask("/readyz")).body.paused]).toEqual([true, ["checksum"]]);
      expect(await to("resume")).toMatchObject(answer(false, true));
      expect(await to("resume")).toMatchObject(answer(false, false));
      expect(await queue.isPaused()).toBe(false);
      expect(lines).toEqual(["paused the queue checksum", "resumed the queue checksum"]);
      expect(await ask("/api/v1/queues/checksums/pause", post)).toMatchObject({
        status: 404,
        body: {
          code: "NOT_FOUND",
          detail: 'there is no queue "checksums": the queues are store, checksum, mount',
        },
      });
    }));
});
