// Jobs that are retried and removed, queues that are paused, and jobs with a priority or a delay, from the command line.
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { formatFailedReason, keyPrefix } from "../../../../src/jobs/index.js";
import { runCommand } from "../../../support/processes/command.js";
import { openDatabase, type TestDatabase } from "../../../support/redis/shared-redis.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
let database: TestDatabase;
let redis: Redis;
let queue: Queue;
let root: string;
beforeAll(async () => {
  root = await scratch.fresh();
  database = await openDatabase();
  redis = new Redis(database.url, { maxRetriesPerRequest: null });
  queue = new Queue("checksum", { connection: redis, prefix: keyPrefix("default") });
  await queue.waitUntilReady();
});
beforeEach(() => redis.flushdb());
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await database[Symbol.asyncDispose]();
});

const run = (...args: string[]) => runCommand([...args, "--redis", database.url], { root });

/** Enqueues checksums that have failed. @param ended in ms since the epoch */
async function failed(ids: readonly string[], code = "IMAGE_NOT_FOUND" as const, ended = Date.now()) {
  for (const id of ids) {
    await queue.add("checksum", { id }, { jobId: id });
    await redis.lrem(queue.toKey("wait"), 1, id);
    await redis.zadd(queue.toKey("failed"), ended, id);
    const failedReason = formatFailedReason(code, "it did");
    await redis.hset(queue.toKey(id), { failedReason, finishedOn: ended });
  }
}

describe("stevedore retry", () => {
  it("takes ids, and says which it could not retry, and why", async () => {
    await failed(["a", "b"]);
    expect(await run("retry", "a")).toMatchObject({ code: 0, stdout: "a\n", stderr: "" });
    const { code, json, stderr } = await run("retry", "a", "b", "nobody", "--json");
    const message = "the job a cannot be retried: only a job that has failed can, and it is waiting";
    expect({ code, json }).toEqual({
      code: 1,
      json: {
        ...{ retried: 1, refused: 2 },
        refusals: [
          { id: "a", code: "INVALID_JOB", message },
          { id: "nobody", code: "JOB_NOT_FOUND", message: 'there is no job "nobody"' },
        ],
      },
    });
    expect(stderr).toContain(`INVALID_JOB: ${message}`);
    expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 2, failed: 0 });
  });

  it("takes all that failed, or those that the flags mean", async () => {
    await failed(["a", "b", "c"]);
    expect(await run("retry", "--failed", "--code", "NO_SPACE")).toMatchObject({
      ...{ code: 0, stdout: "retried 0 jobs\n" },
    });
    expect(await run("retry", "--failed", "--image", "a", "--name", "checksum")).toMatchObject({
      ...{ code: 0, stdout: "retried 1 job\n" },
    });
    const { json } = await run("retry", "--failed", "--queue", "checksum", "--json");
    expect(json).toEqual({ retried: 2, refused: 0, refusals: [] });
    expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 3, failed: 0 });
  });
});

describe("stevedore remove", () => {
  it("takes ids, and says which it could not remove, and why", async () => {
    await failed(["a"]);
    await queue.add("checksum", { id: "b" }, { jobId: "b" });
    await redis.rename(queue.toKey("wait"), queue.toKey("active"));
    const { code, json } = await run("remove", "a", "b", "--json");
    const message = "the job b cannot be removed: it is active: cancel it first";
    expect({ code, json }).toEqual({
      code: 1,
      json: { removed: 1, refused: 1, refusals: [{ id: "b", code: "INVALID_JOB", message }] },
    });
    expect([await queue.getJobState("a"), await queue.getJobState("b")]).toEqual(["unknown", "active"]);
  });

  it("takes all in a state, or those that the flags mean", async () => {
    await failed(["old"], undefined, Date.now() - 8 * 86_400_000);
    await failed(["new"]);
    await queue.add("verify", { id: "a" }, { jobId: "waits" });
    expect((await run("remove", "--state", "failed", "--older", "7d")).stdout).toBe("removed 1 job\n");
    expect((await run("remove", "--state", "waiting", "--name", "checksum")).stdout).toBe("removed 0 jobs\n");
    expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 1, failed: 1 });
    expect((await run("remove", "--state", "waiting", "--json")).json).toEqual({
      ...{ removed: 1, refused: 0, refusals: [] },
    });
  });
});

describe("wrong usage of retry and remove", () => {
  it.each([
    ["no ids and no filter", ["retry"], "--failed"],
    ["both", ["retry", "a", "--failed"], "--failed"],
    ["a filter's flag beside ids", ["retry", "a", "--code", "INTERNAL"], "--code"],
    ["an unknown code", ["retry", "--failed", "--code", "nothing"], "INVALID_ID"],
    ["an unknown queue", ["retry", "--failed", "--queue", "cheksum"], "store, checksum, mount"],
    ["no ids and no state", ["remove"], "--state"],
    ["a time alone", ["remove", "--older", "7d"], "--state"],
    ["a time that is none", ["remove", "--state", "failed", "--older", "week"], "such as 12h"],
    ["what is at work", ["remove", "--state", "active"], "active"],
    ["no queue to pause", ["pause"], "queue"],
    ["a priority beyond the largest", ["rm", "a", "--detach", "--priority", "2097152"], "2097151"],
    ["a delay that is none", ["rm", "a", "--detach", "--delay", "1"], "such as 12h"],
  ])("ends with 2, and touches nothing: %s", async (_, args, named) => {
    await failed(["a"]);
    const { code, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(named) });
    expect(await queue.getJobCounts("waiting", "failed")).toEqual({ waiting: 0, failed: 1 });
  });
});

describe("stevedore pause and resume", () => {
  it("take several queues, tell of those that are so already, and name the queues there are", async () => {
    expect(await run("pause", "checksum", "store")).toMatchObject({ code: 0, stdout: "checksum\nstore\n" });
    expect(await queue.isPaused()).toBe(true);
    const again = await run("pause", "checksum", "cheksum", "--json");
    const message = 'there is no queue "cheksum": the queues are store, checksum, mount';
    expect(again).toMatchObject({
      code: 1,
      json: {
        queues: [{ queue: "checksum", paused: true, changed: false }],
        failed: [{ queue: "cheksum", code: "INVALID_OPTION", message }],
      },
    });
    expect(again.stderr).toContain("the queue checksum was paused already");
    expect(again.stderr).toContain(message);
    expect((await run("resume", "checksum", "store", "--json")).json.queues).toEqual([
      { queue: "checksum", paused: false, changed: true },
      { queue: "store", paused: false, changed: true },
    ]);
    expect(await run("resume", "checksum")).toMatchObject({
      ...{ code: 0, stdout: "checksum\n" },
      stderr: expect.stringContaining("the queue checksum was not paused"),
    });
    expect(await queue.isPaused()).toBe(false);
  });
});

describe("--priority and --delay", () => {
  it.each([
    ["checksum", "a"],
    ["verify", "--all"],
    ["rm", "a"],
    ["gc"],
    ["tag", "a", "b"],
    ["untag", "b"],
    ["export", "a"],
    ["mount", "a"],
    ["unmount", "a"],
    ["commit", "a"],
    ["store", import.meta.filename],
    ["import", import.meta.filename],
  ])("are those of the job that %s enqueues", async (...args) => {
    const { code, stdout, stderr } = await run(...args, "--detach", "--priority", "7", "--delay", "2h");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const keys = await redis.keys(`${keyPrefix("default")}:*:${stdout.trim()}`);
    expect(await redis.hmget(keys[0] ?? "", "priority", "delay")).toEqual(["7", "7200000"]);
  });
});
