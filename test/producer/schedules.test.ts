// Schedules as a producer sets them, with no worker: what is stored, and what is refused.
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nextRuns, openProducer, type Producer } from "../../src/producer/index.js";
import { collect } from "../support/collect.js";
import { startRedis, type TestRedis } from "../support/redis/redis-server.js";

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

async function withProducer(use: (producer: Producer, graph: string) => Promise<void>): Promise<void> {
  const graph = `g-${randomUUID()}`;
  const producer = openProducer({ redis: redis.url, graph });
  try {
    await use(producer, graph);
  } finally {
    await producer.close();
  }
}

/** Every key of a graph, sorted: what a refusal must leave as it is. */
async function keysOf(graph: string): Promise<string[]> {
  return ((await redis.command("KEYS", `{stevedore:${graph}}*`)) as string[]).sort();
}

describe("schedule", () => {
  it("stores what is to be repeated, when, and in which zone", () =>
    withProducer(async (producer) => {
      const cron = "30 2 * * MON-FRI";
      const set = await producer.schedule({ name: "verify-graph", data: {}, cron, tz: "Europe/Berlin" });
      const { next } = set;
      const german = new Intl.DateTimeFormat("en", {
        ...{
          timeZone: "Europe/Berlin",
          weekday: "short",
          hour: "2-digit",
          minute: "2-digit",
          hourCycle: "h23",
        },
      });
      expect(german.format(next)).toMatch(/^(Mon|Tue|Wed|Thu|Fri) 02:30$/);
      expect(next).toBeGreaterThan(Date.now());
      // From Friday to Monday, and an hour if the clocks change in between.
      expect(next).toBeLessThan(Date.now() + 73 * 3_600_000);
      expect(set).toEqual({
        ...{ id: "verify-graph", name: "verify-graph", queue: "checksum", cron, tz: "Europe/Berlin" },
        ...{ data: {}, next },
      });
      expect(await producer.schedules()).toEqual([set]);
      expect(await producer.job(`repeat:verify-graph:${next}`)).toMatchObject({
        ...{ name: "verify-graph", state: "delayed", data: {} },
      });
    }));

  it("is by default of UTC, and called by the job and its image", () =>
    withProducer(async (producer) => {
      const cron = "  0   3 * * * ";
      await producer.schedule({ name: "verify", data: { id: "base" }, cron });
      await producer.schedule({ name: "checksum", data: { id: "base", recipe: "xz-1" }, cron: "@daily" });
      await producer.schedule({ name: "checksum-graph", data: { ids: ["a", "b"] }, cron, id: "two" });
      expect(await producer.schedules()).toMatchObject([
        { id: "checksum.base", tz: "UTC", cron: "@daily", data: { id: "base", recipe: "xz-1" } },
        { id: "two", name: "checksum-graph", data: { ids: ["a", "b"] } },
        { id: "verify.base", tz: "UTC", cron: "0 3 * * *" },
      ]);
    }));

  it("replaces one of the same id with its next run", () =>
    withProducer(async (producer) => {
      const first = await producer.schedule({ name: "verify-graph", data: {}, cron: "0 3 * * *", id: "n" });
      const second = await producer.schedule({
        name: "checksum-graph",
        data: {},
        cron: "0 4 * * *",
        id: "n",
      });
      expect(await producer.schedules()).toEqual([second]);
      expect(await producer.job(`repeat:n:${first.next}`)).toBeUndefined();
      expect(await collect(producer.jobs())).toMatchObject([{ name: "checksum-graph", state: "delayed" }]);
    }));

  it("leaves the retries and the retention of its runs to their worker, as of jobs that are enqueued, and tells what they do", () =>
    withProducer(async (producer, graph) => {
      const { next } = await producer.schedule({ name: "verify", data: { id: "a" }, cron: "0 3 * * *" });
      const enqueued = await producer.enqueue("verify", { id: "a" });
      const options = async (id: string) => {
        const stored = await redis.command("HGET", `{stevedore:${graph}}:checksum:${id}`, "opts");
        const { attempts, backoff, removeOnComplete, removeOnFail, de } = JSON.parse(String(stored));
        return { attempts, backoff, removeOnComplete, removeOnFail, de };
      };
      expect(await options(enqueued.id)).toEqual({});
      expect(await options(`repeat:verify.a:${next}`)).toEqual({ de: { id: enqueued.id } });
    }));

  it("leaves a job that is enqueued meanwhile alone: it joins no run that is not due", () =>
    withProducer(async (producer) => {
      const { next } = await producer.schedule({ name: "verify", data: { id: "a" }, cron: "0 3 * * *" });
      const { id } = await producer.enqueue("verify", { id: "a" });
      expect(id).not.toBe(`repeat:verify.a:${next}`);
      expect(await producer.job(id)).toMatchObject({ state: "waiting" });
    }));

  it("survives a crash of Redis", () =>
    withProducer(async (producer) => {
      const set = await producer.schedule({ name: "verify-graph", data: {}, cron: "0 3 * * *" });
      await redis.kill();
      await redis.start();
      expect(await producer.schedules()).toEqual([set]);
    }));

  it("can be cancelled for once, also to be set anew afterwards, and keeps its next run", () =>
    withProducer(async (producer) => {
      const schedule = { name: "verify-graph", data: {}, cron: "0 3 * * *" };
      const { next } = await producer.schedule(schedule);
      expect(await producer.cancel(`repeat:verify-graph:${next}`)).toBe(true);
      expect(await producer.job(`repeat:verify-graph:${next}`)).toMatchObject({
        ...{ state: "cancelled", failedReason: expect.stringMatching(/^CANCELLED: /) },
      });
      expect(await producer.schedules()).toMatchObject([{ next: next + 24 * 3_600_000 }]);
      expect(await producer.schedule(schedule)).toMatchObject({ next });
    }));
});

describe("schedule refuses, before anything is written,", () => {
  const good = { name: "verify-graph", data: {}, cron: "0 3 * * *" };
  it.each([
    ["too few fields", { cron: "0 3" }, /cron "0 3": it takes five fields/],
    ["no field at all", { cron: " " }, /cron " ": it takes five fields/],
    ["too many fields", { cron: "0 0 0 3 * * *" }, /cron "0 0 0 3 \* \* \*": /],
    ["a minute that is none", { cron: "61 3 * * *" }, /cron "61 3 \* \* \*": .*61/],
    ["a name that is none", { cron: "@reboot" }, /cron "@reboot": /],
    ["a day that never comes", { cron: "0 0 31 2,4 *" }, /cron "0 0 31 2,4 \*": /],
    ["a time made up anew whenever it is read", { cron: "H 3 * * *" }, /cron "H 3 \* \* \*": H stands/],
    ["a long one", { cron: `0 ${"1,".repeat(200)}1 * * *` }, /cron: it has 409 characters/],
    ["a zone that is none", { tz: "Mars/Olympus" }, /tz "Mars\/Olympus" is not a valid time zone/],
    ["an empty zone", { tz: "" }, /tz "" is not a valid time zone/],
    ["an id with a colon", { id: "a:b" }, /"a:b" is not a valid schedule id/],
    ["an empty id", { id: "" }, /"" is not a valid schedule id/],
    ["an unknown job", { name: "polish" }, /there is no job called "polish"; .*verify-graph/],
    ["a job of Object's", { name: "constructor" }, /there is no job called "constructor"/],
    ["a store", { name: "store" }, /store cannot be scheduled: each run would make another image/],
    ["a mount", { name: "mount" }, /mount cannot be scheduled: /],
    ["a delete", { name: "delete", data: { id: "a" } }, /delete cannot be scheduled: /],
    ["a field that the job does not have", { data: { force: true } }, /verify-graph: .*force/],
    ["data of another type", { data: [] }, /verify-graph: /],
  ])("%s", (_, wrong, message) =>
    withProducer(async (producer, graph) => {
      await producer.schedules();
      const before = await keysOf(graph);
      await expect(producer.schedule({ ...good, ...wrong })).rejects.toMatchObject({
        ...{ code: "INVALID_JOB", message: expect.stringMatching(message) },
      });
      expect(await keysOf(graph)).toEqual(before);
    }),
  );

  it("an image that is none and a recipe that is none, by their codes", () =>
    withProducer(async (producer) => {
      const checksum = (data: object) => producer.schedule({ ...good, name: "checksum", data });
      await expect(checksum({ id: "../x" })).rejects.toMatchObject({ code: "INVALID_ID" });
      await expect(checksum({ id: "a", recipe: "zip" })).rejects.toMatchObject({ code: "UNKNOWN_RECIPE" });
    }));

  it("any text but a cron expression, and names it", () =>
    withProducer(async (producer, graph) => {
      const field = fc.oneof(
        fc.constantFrom("*", "0", "5", "1-3", "*/7", "L", "?", "FRI"),
        fc.string({ maxLength: 4 }),
      );
      const text = fc.oneof(
        fc.string(),
        fc.array(field, { maxLength: 7 }).map((fields) => fields.join(" ")),
      );
      await fc.assert(
        fc.asyncProperty(text, async (cron) => {
          const set = await producer.schedule({ ...good, cron }).catch((error: Error) => error);
          if (set instanceof Error) {
            expect(set).toMatchObject({ code: "INVALID_JOB" });
            expect(set.message).toContain(`cron ${JSON.stringify(cron)}`);
          } else {
            expect(set.next).toBeGreaterThan(Date.now() - 1_000);
            await producer.unschedule(set.id);
          }
        }),
        { numRuns: 200 },
      );
      expect(await collect(producer.jobs())).toEqual([]);
      expect((await keysOf(graph)).filter((key) => key.includes("repeat"))).toEqual([]);
    }));
});

describe("pauseSchedule", () => {
  const nightly = { name: "gc", data: { keep: 5 }, cron: "0 3 * * *", tz: "Europe/Berlin", id: "nightly" };
  const notify = { url: "https://hooks.example/jobs", events: ["failed"] as const };

  it("keeps the schedule without its next run, and resumeSchedule sets it as it was", () =>
    withProducer(async (producer) => {
      const { next, ...set } = await producer.schedule({ ...nightly, notify });
      expect(await producer.pauseSchedule("nightly")).toBe(true);
      expect(await producer.pauseSchedule("nightly")).toBe(false);
      expect(await producer.schedules()).toEqual([]);
      expect(await producer.pausedSchedules()).toEqual([set]);
      expect(await collect(producer.jobs())).toEqual([]);

      expect(await producer.resumeSchedule("nightly")).toBe(true);
      expect(await producer.resumeSchedule("nightly")).toBe(false);
      expect(await producer.schedules()).toEqual([{ ...set, next }]);
      expect(await producer.pausedSchedules()).toEqual([]);
      expect(await producer.job(`repeat:nightly:${next}`)).toMatchObject({
        ...{ data: { keep: 5 }, notify: [{ ...notify }] },
      });
    }));

  it("ends when the schedule is set anew, or removed", () =>
    withProducer(async (producer, graph) => {
      await producer.schedule(nightly);
      await producer.pauseSchedule("nightly");
      await producer.schedule({ ...nightly, cron: "0 4 * * *" });
      expect(await producer.pausedSchedules()).toEqual([]);
      await producer.pauseSchedule("nightly");
      await producer.unschedule("nightly");
      expect(await producer.pausedSchedules()).toEqual([]);
      expect((await keysOf(graph)).filter((key) => key.includes("paused-schedules"))).toEqual([]);
      for (const verb of ["pauseSchedule", "resumeSchedule", "unschedule"] as const) {
        await expect(producer[verb]("nightly")).rejects.toMatchObject({
          ...{ code: "INVALID_JOB", message: 'there is no schedule "nightly"' },
        });
      }
    }));
});

it("nextRuns tells the times to come, in the zone", () => {
  const [first = 0, second = 0, third = 0, ...more] = nextRuns("30 12 * * *", "Asia/Kolkata", 3);
  expect([new Date(first).toISOString().slice(11), second - first, third - second, more]).toEqual([
    ...["07:00:00.000Z", 24 * 3_600_000, 24 * 3_600_000, []],
  ]);
  expect(() => nextRuns("61 * * * *", "UTC", 3)).toThrow(/cron "61 \* \* \* \*": .*61/);
});

describe("unschedule", () => {
  it("takes the schedule and its next run", () =>
    withProducer(async (producer) => {
      await producer.schedule({ name: "verify-graph", data: {}, cron: "0 3 * * *", id: "n" });
      await producer.unschedule("n");
      expect(await producer.schedules()).toEqual([]);
      expect(await collect(producer.jobs())).toEqual([]);
    }));

  it("names one that is not there", () =>
    withProducer(async (producer) => {
      await expect(producer.unschedule("nightly")).rejects.toMatchObject({
        ...{ code: "INVALID_JOB", message: 'there is no schedule "nightly"' },
      });
    }));
});

it("what lies beside the jobs in a queue is no job", () =>
  withProducer(async (producer) => {
    await producer.schedule({ name: "verify-graph", data: {}, cron: "0 3 * * *", id: "n" });
    for (const id of ["repeat:n", "repeat", "meta", "delayed"])
      expect(await producer.job(id)).toBeUndefined();
    await expect(producer.cancel("repeat:n")).rejects.toMatchObject({ code: "INVALID_JOB" });
  }));
