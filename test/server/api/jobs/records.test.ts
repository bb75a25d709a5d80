// Jobs that are read, listed by pages and cancelled over HTTP.
import { Queue, UnrecoverableError, Worker } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { keyPrefix } from "../../../../src/jobs/index.js";
import { useDock } from "../../../support/dock.js";
import { type HttpService, servingHttp } from "../../../support/http/http-server.js";
import { until } from "../../../support/until.js";

const dock = useDock();

interface Scene extends HttpService {
  readonly redis: Redis;
  readonly checksums: Queue;
  /** Has a worker of BullMQ's own end the waiting checksums, one by one; those whose id begins with `bad` fail. */
  endAll(): Promise<void>;
  /** Follows the pages to the last; `between` is called after each. */
  walk(query: string, between?: () => Promise<void>): Promise<readonly Listed[]>;
}

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly data: { readonly id: string };
}

async function scene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await servingHttp(
    dock,
    async (service) => {
      const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
      const prefix = keyPrefix(service.graphName);
      const checksums = new Queue("checksum", { connection: redis, prefix });
      try {
        await use({
          ...service,
          redis,
          checksums,
          async endAll() {
            const work = async (job: { readonly data: { readonly id: string } }) => {
              if (job.data.id.startsWith("bad")) throw new UnrecoverableError("IMAGE_BROKEN: <b>it is</b>");
              return { id: job.data.id };
            };
            const worker = new Worker("checksum", work, { connection: redis, prefix });
            await until("jobs wait", async () => (await checksums.getWaitingCount()) === 0);
            await worker.close();
          },
          async walk(query, between = async () => undefined) {
            const listed: Listed[] = [];
            for (let cursor: string | null = ""; cursor !== null; ) {
              const from: string = cursor === "" ? "" : `&cursor=${cursor}`;
              const { status, body } = await service.ask(`/api/v1/jobs?${query}${from}`);
              expect(status, JSON.stringify(body)).toBe(200);
              listed.push(...body.jobs);
              cursor = body.next;
              await between();
            }
            return listed;
          },
        });
      } finally {
        await checksums.close();
        redis.disconnect();
      }
    },
    { worker: false },
  );
}

const checksum = (id: string) => ({ name: "checksum", data: { id } }) as const;
const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => checksum(`${name}-${n}`));
const images = (jobs: readonly Listed[]) => jobs.map(({ data }) => data.id);

describe.concurrent("a job's record", () => {
  it("is found in its queue alone, and what is not there is a problem", () =>
    scene(async ({ ask, producer, checksums }) => {
      const { id } = await producer.enqueue("checksum", { id: "abc" });
      await checksums.addJobLog(id, "line");
      expect(await ask(`/api/v1/jobs/checksum/${id}`)).toMatchObject({ status: 200, body: { id } });
      const own = ["meta", "wait", "events", "id", `${id}:logs`].map((key) => `checksum/${key}`);
      for (const path of [
        `store/${id}`,
        `nothing/${id}`,
        `store@h/${id}`,
        "checksum/x",
        "checksum/%00",
        ...own,
      ]) {
        for (const method of ["GET", "DELETE"]) {
          const { status, body } = await ask(`/api/v1/jobs/${path}`, { method });
          expect({ path, status, code: body.code }).toEqual({ path, status: 404, code: "NOT_FOUND" });
        }
        expect((await ask(`/api/v1/jobs/${path}/events`)).status).toBe(404);
      }
    }));

  it("shows what a job's error says as it is, as text", () =>
    scene(async ({ ask, producer, endAll }) => {
      const { id } = await producer.enqueue("checksum", { id: "bad" });
      await endAll();
      const { headers, body } = await ask(`/api/v1/jobs/checksum/${id}`);
      expect(body).toMatchObject({ state: "failed", failedReason: "IMAGE_BROKEN: <b>it is</b>" });
      expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }));

  it("has a log", () =>
    scene(async ({ ask, producer, checksums }) => {
      const { id } = await producer.enqueue("checksum", { id: "abc" });
      expect((await ask(`/api/v1/jobs/checksum/${id}/log`)).body).toEqual({ log: [] });
      await checksums.addJobLog(id, "one <b>");
      await checksums.addJobLog(id, "two");
      expect((await ask(`/api/v1/jobs/checksum/${id}/log`)).body).toEqual({ log: ["one <b>", "two"] });
      expect((await ask("/api/v1/jobs/checksum/x/log")).status).toBe(404);
    }));
});

describe.concurrent("a job's id", () => {
  it("may be that of another queue's job too, which is left alone", () =>
    scene(async ({ ask, redis, producer, checksums, graphName }) => {
      const store = new Queue("store", { connection: redis, prefix: keyPrefix(graphName) });
      try {
        await checksums.add("checksum", { id: "c" });
        await store.add("delete", { id: "s" });
        await checksums.addJobLog("1", "of checksum");
        expect((await ask("/api/v1/jobs/store/1/log")).body).toEqual({ log: [] });
        expect((await ask("/api/v1/jobs/checksum/1/log")).body).toEqual({ log: ["of checksum"] });
        expect((await ask("/api/v1/jobs/store/1", { method: "DELETE" })).body).toMatchObject({
          ...{ queue: "store", state: "cancelled" },
        });
        expect((await ask("/api/v1/jobs/checksum/1")).body.state).toBe("waiting");
        expect(await producer.job("1", { queue: "checksum" })).toMatchObject({ state: "waiting" });
      } finally {
        await store.close();
      }
    }));

  it("may be as long as that of a batch's child; what is longer is named in short", () =>
    scene(async ({ ask, checksums }) => {
      const id = `repeat.${"s".repeat(160)}.1795700000000.${"i".repeat(128)}`;
      await checksums.add("checksum", { id: "a" }, { jobId: id });
      expect((await ask(`/api/v1/jobs/checksum/${id}`)).body).toMatchObject({ id });
      for (const below of ["", "/log", "/events", "/children"]) {
        const { status, body } = await ask(`/api/v1/jobs/checksum/${"x".repeat(5_000)}${below}`);
        expect([below, status, body.code]).toEqual([below, 400, "INVALID_REQUEST"]);
        expect(body.detail).toMatch(/^id: "x{140}\.\.\." is no job's id: it has 5000 characters/);
      }
      for (const odd of ["a%20b", "%F0%9F%92%A9", "a%2Fb"]) {
        const { status, body } = await ask(`/api/v1/jobs/checksum/${odd}`);
        expect([odd, status, body.code]).toEqual([odd, 404, "NOT_FOUND"]);
        expect(body.detail).toMatch(/^the queue "checksum" has no job "/);
      }
    }));
});

describe.concurrent("the list of jobs", () => {
  it("is of all queues and states, the newest first, by pages of any size", () =>
    scene(async ({ ask, producer, endAll, walk }) => {
      await producer.enqueueAll([...numbered("ended", 7), checksum("bad-1")]);
      await endAll();
      await producer.enqueueAll([...numbered("waiting", 7), { name: "delete", data: { id: "other" } }]);
      const whole = (await ask("/api/v1/jobs?limit=500")).body;
      expect(whole.next).toBe(null);
      expect(whole.jobs).toHaveLength(16);
      const ages = whole.jobs.map(
        ({ finishedAt, createdAt }: Record<string, number>) => finishedAt ?? createdAt,
      );
      expect(ages).toEqual(ages.toSorted((one: number, other: number) => other - one));
      for (const limit of [1, 2, 3, 5, 16]) expect(await walk(`limit=${limit}`)).toEqual(whole.jobs);
      expect(images(await walk("state=waiting&queue=checksum&limit=3"))).toEqual(
        images(
          numbered("waiting", 7)
            .map(({ data }) => ({ id: "", state: "", data }))
            .reverse(),
        ),
      );
    }));

  it("is chosen by state, queue and name", () =>
    scene(async ({ producer, endAll, walk }) => {
      await producer.enqueueAll([
        checksum("good"),
        checksum("bad"),
        { name: "verify", data: { id: "good" } },
      ]);
      await endAll();
      await producer.enqueueAll([checksum("waiting"), { name: "mount", data: { id: "a", host: "h" } }]);
      const list = async (query: string) => images(await walk(`limit=1&${query}`)).sort();
      expect(await list("state=failed")).toEqual(["bad"]);
      expect(await list("state=completed")).toEqual(["good", "good"]);
      expect(await list("name=verify")).toEqual(["good"]);
      expect(await list("name=checksum")).toEqual(["bad", "good", "waiting"]);
      expect(await list("queue=mount@h")).toEqual(["a"]);
      expect(await list("queue=mount")).toEqual([]);
      expect(await list("queue=nothing")).toEqual([]);
      expect(await list("name=checksum&state=waiting&queue=checksum")).toEqual(["waiting"]);
    }));

  it("shows none twice and leaves none out while jobs are added and ended", () =>
    scene(async ({ producer, endAll, walk }) => {
      await producer.enqueueAll(numbered("ended", 250));
      await endAll();
      await producer.enqueueAll(numbered("waiting", 250));
      let page = 0;
      const listed = images(
        await walk("limit=40", async () => {
          page += 1;
          await producer.enqueueAll(numbered(`new-${page}`, 30));
        }),
      );
      expect(new Set(listed).size).toBe(listed.length);
      expect(listed).toHaveLength(500);
      page = 0;
      const ended = images(
        await walk("limit=40&state=completed", async () => {
          if (page++ === 0) await endAll();
        }),
      );
      expect(ended).toHaveLength(250);
      const all = images(await walk("limit=100"));
      expect(new Set(all).size).toBe(all.length);
    }));

  it("goes on where the job that a page ended with is gone", () =>
    scene(async ({ ask, producer, checksums }) => {
      const jobs = await producer.enqueueAll(numbered("waiting", 20));
      const { body } = await ask("/api/v1/jobs?limit=5");
      expect(body.jobs.at(-1).data.id).toBe("waiting-15");
      // Created at another time than the others, as those of one millisecond cannot be told apart by it.
      await checksums.remove(jobs[15]?.id ?? "");
      const { body: next } = await ask(`/api/v1/jobs?limit=500&cursor=${body.next}`);
      const listed = images(next.jobs);
      expect(listed.length).toBeLessThanOrEqual(15);
      for (const image of listed) expect(Number(image.split("-")[1])).toBeLessThan(15);
    }));

  it("ends a page early where records are large", () =>
    scene(async ({ ask, producer, walk }) => {
      const ids = Array.from({ length: 45_000 }, (_, n) => `${"x".repeat(64)}${n}`);
      for (let n = 0; n < 4; n++) await producer.enqueue("checksum-graph", { ids });
      const { body } = await ask("/api/v1/jobs");
      expect(body.jobs).toHaveLength(2);
      expect(await walk("")).toHaveLength(4);
    }));

  it("is complete for a name, an image, a code and a time, and says so at once", () =>
    scene(async ({ ask, producer, checksums, endAll }) => {
      await producer.enqueueAll([...numbered("bad", 3), ...numbered("a", 3)]);
      await endAll();
      await checksums.add("foreign", { id: "x" });
      await producer.enqueue("checksum-graph", { ids: ["a-1", "b"] });
      const found = async (query: string) => {
        const { status, body } = await ask(`/api/v1/jobs?${query}`);
        expect([query, status, body.next]).toEqual([query, 200, null]);
        return images(body.jobs);
      };
      expect(await found("name=foreign")).toEqual(["x"]);
      expect(await found("name=nobody")).toEqual([]);
      expect(await found("image=a-1")).toEqual([undefined, "a-1"]);
      expect(await found("image=nobody&limit=1")).toEqual([]);
      expect(await found("code=IMAGE_BROKEN")).toHaveLength(3);
      expect(await found("code=CANCELLED")).toEqual([]);
      expect(await found("since=1h&state=completed")).toHaveLength(3);
      expect(await found("since=2100-01-01T00:00:00%2B02:00")).toEqual([]);
    }));

  it("has those that were cancelled in a state of their own", () =>
    scene(async ({ ask, producer, endAll }) => {
      const [cancelled] = await producer.enqueueAll([checksum("gone"), checksum("bad")]);
      await ask(`/api/v1/jobs/checksum/${cancelled?.id}`, { method: "DELETE" });
      await endAll();
      const states = async (query: string) =>
        (await ask(`/api/v1/jobs?${query}`)).body.jobs.map(({ data, state }: Listed) => [data.id, state]);
      expect(await states("state=cancelled")).toEqual([["gone", "cancelled"]]);
      expect(await states("state=failed")).toEqual([["bad", "failed"]]);
      const { queues } = (await ask("/api/v1/queues")).body;
      expect(queues.checksum).toMatchObject({ failed: 1, cancelled: 1 });
    }));

  it("refuses a cursor, a state, a limit that is none", () =>
    scene(async ({ ask, producer }) => {
      await producer.enqueueAll(numbered("a", 3));
      const foreign = Buffer.from('{"age":1,"last":{"waiting/checksum":["x","y"]}}').toString("base64url");
      const poisoned = Buffer.from('{"age":1,"last":{},"__proto__":{}}').toString("base64url");
      for (const query of [
        ...[
          "cursor=",
          "cursor=x",
          "cursor=e30",
          `cursor=${foreign}`,
          `cursor=${poisoned}`,
          `cursor=${"x".repeat(12_001)}`,
        ],
        ...[
          "state=paused",
          "limit=0",
          "limit=501",
          "limit=1.5",
          "limit=x",
          "name=",
          "image=",
          "code=nothing",
          "since=yesterday",
          "since=2026-02-30T00:00:00Z",
          "image_id=a",
          "limit=1&limit=2",
        ],
      ]) {
        const { status, body } = await ask(`/api/v1/jobs?${query}`);
        expect({ query, status, code: body.code }).toEqual({ query, status: 400, code: "INVALID_REQUEST" });
      }
    }));
});

describe.concurrent("cancelling", () => {
  it("ends a job that waits, and is harmless twice", () =>
    scene(async ({ ask, producer }) => {
      const { id } = await producer.enqueue("checksum", { id: "abc" });
      for (let times = 0; times < 2; times++) {
        const { status, body } = await ask(`/api/v1/jobs/checksum/${id}`, { method: "DELETE" });
        expect({ status, state: body.state }).toEqual({ status: 200, state: "cancelled" });
        expect(body.failedReason).toMatch(/^CANCELLED: /);
      }
    }));

  it("is refused for a job that has ended", () =>
    scene(async ({ ask, producer, endAll }) => {
      const jobs = await producer.enqueueAll([checksum("good"), checksum("bad")]);
      await endAll();
      for (const { id } of jobs) {
        const { status, body } = await ask(`/api/v1/jobs/checksum/${id}`, { method: "DELETE" });
        expect({ status, code: body.code }).toEqual({ status: 409, code: "INVALID_JOB" });
        expect(body.detail).toContain("already");
      }
    }));
});

describe("the queues", () => {
  it("are told of with their jobs and workers", () =>
    servingHttp(dock, async ({ ask, producer }) => {
      await producer.enqueue("mount", { id: "a", host: "h" });
      const { body } = await ask("/api/v1/queues");
      expect(Object.keys(body.queues)).toEqual(
        expect.arrayContaining(["store", "checksum", "mount", "mount@h"]),
      );
      expect(body.queues["mount@h"]).toEqual({
        ...{ waiting: 1, active: 0, delayed: 0, prioritized: 0, completed: 0, failed: 0 },
        cancelled: 0,
        "waiting-children": 0,
      });
      expect(body.workers).toMatchObject({ store: 1, checksum: 1, mount: 1, "mount@h": 0 });
    }));
});
