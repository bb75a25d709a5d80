// Records that cannot be read, as a worker takes them up.
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import type { LogFields } from "../../src/worker/index.js";
import { useDock } from "../support/dock.js";
import { plant, poisons, strangers } from "../support/redis/poison.js";
import { until } from "../support/until.js";

const dock = useDock();
let redis: Redis;
beforeAll(() => {
  redis = new Redis(dock.redis);
});
afterAll(() => redis.disconnect());

const all = [...poisons, ...strangers];

it("fails each once, for good, and goes on with what is sound", async () => {
  const lines: { readonly text: string; readonly fields: LogFields | undefined }[] = [];
  await dock.serving(
    async ({ producer, graphName }) => {
      const prefix = `${keyPrefix(graphName)}:checksum:`;
      await plant(redis, prefix, all);
      const sound = await producer.enqueue("checksum", { id: "unknown" });
      await expect(producer.wait(sound)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
      await until("all have failed", async () => (await redis.zcard(`${prefix}failed`)) === all.length + 1);
      for (const { id, says } of all) {
        const record = await producer.job(id);
        expect([id, record?.state, record?.failedReason]).toEqual([
          id,
          "failed",
          expect.stringMatching(new RegExp(`^INVALID_JOB: .*${says.source}`)),
        ]);
      }
      const open = await Promise.all(["wait", "active"].map((list) => redis.llen(prefix + list)));
      expect(open).toEqual([0, 0]);
      expect(await redis.keys(`${prefix}*:lock`)).toEqual([]);
      expect(await redis.smembers(`${prefix}stalled`)).toEqual([]);
      const failures = (await redis.xrange(`${prefix}events`, "-", "+")).map(([, fields]) => fields);
      for (const { id } of all) {
        const ofJob = failures.filter((fields) => fields.includes(id) && fields.includes("failed"));
        expect([id, ofJob.length]).toEqual([id, 1]);
      }
    },
    { log: (text, fields) => lines.push({ text, fields }) },
  );
  for (const { text } of lines) {
    expect(text.length).toBeLessThan(5_000);
    expect(text).not.toMatch(/[\n\r]/);
  }
  for (const { id } of all) {
    const ofJob = lines.filter(({ fields }) => fields?.job === id);
    expect([id, ofJob.length]).toEqual([id, 1]);
  }
});

it("fails a record that goes while its job runs, and one that was left to nobody", async () => {
  await dock.serving(
    async ({ producer, graphName }) => {
      const prefix = `${keyPrefix(graphName)}:checksum:`;
      await redis.rpush(`${prefix}active`, "orphan", "broken");
      await redis.hset(`${prefix}broken`, { name: "checksum", stc: "x", timestamp: "1", data: "{}" });
      await until("both have failed", async () => (await redis.zcard(`${prefix}failed`)) === 2);
      expect((await producer.job("orphan"))?.failedReason).toMatch(/^INVALID_JOB: .*record is gone/);
      expect((await producer.job("broken"))?.failedReason).toMatch(/^INVALID_JOB: .*its stc/);
    },
    { timing: { lockDuration: 1_000, stalledInterval: 100 } },
  );
});

it("lets a batch end whose child cannot be read, and what joined it be done anew", async () => {
  await dock.serving(async ({ graphName, producer }) => {
    const keys = keyPrefix(graphName);
    const prefix = `${keys}:checksum:`;
    const parent = JSON.stringify({ id: "batch", queueKey: `${keys}:checksum`, idof: true });
    await redis.hset(`${prefix}batch`, {
      ...{ name: "checksum-graph", data: "{}", opts: "{}", timestamp: String(Date.now()) },
    });
    await redis.sadd(`${prefix}batch:dependencies`, `${prefix}child`, `${prefix}other`);
    await redis.zadd(`${prefix}waiting-children`, 1, "batch");
    const fields = {
      name: "checksum",
      data: '{"id":"a"}',
      timestamp: "1",
      parent,
      parentKey: `${prefix}batch`,
    };
    await redis.set(`${prefix}de:joined`, "child");
    await plant(redis, prefix, [
      { id: "child", fields: { ...fields, opts: "{}", atm: "x", deid: "joined" }, says: /./ },
      { id: "other", fields: { ...fields, opts: "no" }, says: /./ },
    ]);
    await until("the batch goes on", async () =>
      ["completed", "failed"].includes((await producer.job("batch"))?.state ?? ""),
    );
    const failures = await redis.hgetall(`${prefix}batch:failed`);
    expect(Object.keys(failures).sort()).toEqual([`${prefix}child`, `${prefix}other`]);
    for (const reason of Object.values(failures)) expect(reason).toMatch(/^INVALID_JOB: /);
    expect(await redis.exists(`${prefix}de:joined`)).toBe(0);
  });
});
