// Jobs that are enqueued over HTTP, and what wrong requests get.
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jobNames } from "../../../../src/jobs/index.js";
import { useDock } from "../../../support/dock.js";
import { type Answer, type HttpService, servingHttp } from "../../../support/http/http-server.js";

const dock = useDock();

/** A server alone: its jobs wait. */
async function withoutWorker(use: (service: HttpService) => Promise<void>): Promise<void> {
  await servingHttp(dock, use, { worker: false });
}

const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
/** Of a job that may be joined. */
const workId = expect.stringMatching(/^c[A-Za-z0-9_-]{21}$/);

describe.concurrent("a job", () => {
  it("is enqueued, and told of where it is", () =>
    withoutWorker(async ({ ask, producer }) => {
      const { status, headers, body } = await ask("/api/v1/jobs/checksum", { body: { id: "abc" } });
      expect(status).toBe(202);
      expect(body).toEqual({
        ...{ id: workId, queue: "checksum", name: "checksum", state: "waiting", data: { id: "abc" } },
        ...{ progress: null, result: null, failedReason: null, attempts: 0 },
        ...{ createdAt: expect.any(Number), dueAt: null, startedAt: null, finishedAt: null, notify: [] },
      });
      const location = headers.get("location") ?? "";
      expect(location).toBe(`/api/v1/jobs/checksum/${body.id}`);
      expect(await ask(location)).toMatchObject({ status: 200, body });
      expect(await producer.job(body.id)).toEqual(body);
    }));

  it("of each name has a route of its own, and its own schema", () =>
    withoutWorker(async ({ ask }) => {
      for (const name of jobNames) {
        const { status, body } = await ask(`/api/v1/jobs/${name}`, { body: { unknown: 1 } });
        expect(status, name).toBe(422);
        expect(body, name).toMatchObject({ code: "INVALID_JOB", instance: `/api/v1/jobs/${name}` });
        expect(body.detail, name).toContain("unknown");
      }
    }));

  it("for a host goes to that host's queue", () =>
    withoutWorker(async ({ ask }) => {
      const { status, headers, body } = await ask("/api/v1/jobs/mount", { body: { id: "abc", host: "h1" } });
      expect({ status, queue: body.queue }).toEqual({ status: 202, queue: "mount@h1" });
      expect((await ask(headers.get("location") ?? "")).body).toEqual(body);
    }));

  it("that is like one that waits joins it", () =>
    withoutWorker(async ({ ask }) => {
      const [one, other] = [
        await ask("/api/v1/jobs/checksum", { body: { id: "abc" } }),
        await ask("/api/v1/jobs/checksum", { body: { id: "abc" } }),
      ];
      expect(other.body.id).toBe(one.body.id);
    }));
});

describe("waiting", () => {
  it("brings the result, the job's own error as a problem, or the job as it is when the time is over", () =>
    servingHttp(dock, async ({ ask }) => {
      const body = { image: { id: "base" }, layer: { path: dock.archive } };
      const stored = await ask("/api/v1/jobs/store?wait=60", { body });
      expect(stored).toMatchObject({
        status: 200,
        body: { state: "completed", result: { id: "base", entries: 5 } },
      });
      expect(stored.headers.get("location")).toBe(`/api/v1/jobs/store/${stored.body.id}`);

      const failed = await ask("/api/v1/jobs/store?wait=60", { body });
      expect(failed).toMatchObject({ status: 409, body: { code: "IMAGE_EXISTS", status: 409, job: uuid } });
      expect(failed.headers.get("content-type")).toContain("application/problem+json");

      const missing = await ask("/api/v1/jobs/checksum?wait=60", { body: { id: "missing" } });
      expect(missing).toMatchObject({ status: 404, body: { code: "IMAGE_NOT_FOUND" } });

      const forbidden = await ask("/api/v1/jobs/store?wait=60", { body: { layer: { path: "/etc/passwd" } } });
      expect(forbidden).toMatchObject({ status: 403, body: { code: "SOURCE_FORBIDDEN" } });
      const url = await ask("/api/v1/jobs/store?wait=60", { body: { layer: { url: "http://127.0.0.1/x" } } });
      expect(url).toMatchObject({ status: 403, body: { code: "SOURCE_FORBIDDEN" } });

      const late = await ask("/api/v1/jobs/mount?wait=0.2", { body: { id: "base", host: "nowhere" } });
      expect(late).toMatchObject({ status: 202, body: { state: "waiting", queue: "mount@nowhere" } });
    }));

  it("ends with 404 when the job is removed", () =>
    withoutWorker(async ({ ask, producer }) => {
      const waiting = ask("/api/v1/jobs/checksum?wait=60", { body: { id: "abc" } });
      await expect.poll(async () => (await producer.counts()).checksum.waiting).toBe(1);
      const [job] = await producer.recent("waiting", 1);
      await producer.withdraw({ id: job?.id ?? "", name: "checksum", queue: "checksum" });
      expect(await waiting).toMatchObject({ status: 404, body: { code: "JOB_NOT_FOUND", job: job?.id } });
    }));

  it("takes a number from 0 to 300", () =>
    withoutWorker(async ({ ask }) => {
      for (const wait of ["-1", "301", "x", "NaN", "Infinity"]) {
        const { status, body } = await ask(`/api/v1/jobs/checksum?wait=${wait}`, { body: { id: "abc" } });
        expect({ wait, status, code: body.code }).toEqual({ wait, status: 400, code: "INVALID_REQUEST" });
      }
    }));

  it("ends when the client goes, and when the server stops", async () => {
    let staying: Promise<Answer> | undefined;
    await withoutWorker(async ({ url, ask, producer }) => {
      const leaving = new AbortController();
      const gone = fetch(`${url}/api/v1/jobs/checksum?wait=300`, {
        ...{ method: "POST", body: JSON.stringify({ id: "abc" }), signal: leaving.signal },
        headers: { "content-type": "application/json" },
      });
      gone.catch(() => undefined);
      await expect.poll(async () => (await producer.counts()).checksum.waiting).toBe(1);
      leaving.abort();
      staying = ask("/api/v1/jobs/checksum?wait=300", { body: { id: "other" } });
      await expect.poll(async () => (await producer.counts()).checksum.waiting).toBe(2);
    });
    expect(await staying).toMatchObject({ status: 202, body: { state: "waiting" } });
  });
});

describe.concurrent("an idempotency key", () => {
  const post = { body: { id: "abc" }, headers: { "idempotency-key": `"${randomUUID()}"` } };

  it("brings the same job again, whether it has ended or not", () =>
    servingHttp(dock, async ({ ask, producer }) => {
      const [one, ...others] = await Promise.all(
        Array.from({ length: 10 }, () => ask("/api/v1/jobs/checksum", post)),
      );
      for (const other of others) expect(other.body.id).toBe(one?.body.id);
      const ended = await ask("/api/v1/jobs/checksum?wait=60", post);
      expect(ended).toMatchObject({ status: 404, body: { job: one?.body.id } });
      const again = await ask("/api/v1/jobs/checksum", post);
      expect(again).toMatchObject({ status: 202, body: { id: one?.body.id, state: "failed" } });
      expect((await producer.counts()).checksum.failed).toBe(1);
      const fresh = await ask("/api/v1/jobs/checksum", { body: post.body });
      expect(fresh.body.id).not.toBe(one?.body.id);
    }));

  it("brings the job that was joined", () =>
    withoutWorker(async ({ ask }) => {
      const first = await ask("/api/v1/jobs/checksum", { body: { id: "abc" } });
      const joined = await ask("/api/v1/jobs/checksum", post);
      expect(joined.body.id).toBe(first.body.id);
      await ask(`/api/v1/jobs/checksum/${first.body.id}`, { method: "DELETE" });
      const again = await ask("/api/v1/jobs/checksum", post);
      expect(again.body).toMatchObject({ id: first.body.id, state: "cancelled" });
    }));

  it("is the same in quotes or without, and for a body whose fields come in another order", () =>
    withoutWorker(async ({ ask }) => {
      const body = { layer: { upload: "u" }, image: { id: "a", config: { x: 1, y: 2 } } };
      const other = { image: { config: { y: 2, x: 1 }, id: "a" }, layer: { upload: "u" } };
      const one = await ask("/api/v1/jobs/store", { body, headers: { "idempotency-key": "k-1" } });
      const two = await ask("/api/v1/jobs/store", { body: other, headers: { "idempotency-key": '"k-1"' } });
      expect([one.status, two.body.id]).toEqual([202, one.body.id]);
    }));

  it("of another body or another job is refused, and so is one that is none", () =>
    withoutWorker(async ({ ask }) => {
      const { headers } = post;
      expect(await ask("/api/v1/jobs/checksum", post)).toMatchObject({ status: 202 });
      for (const [name, body] of [
        ["checksum", { id: "abd" }],
        ["verify", { id: "abc" }],
      ]) {
        expect(await ask(`/api/v1/jobs/${name}`, { body, headers })).toMatchObject({
          ...{
            status: 422,
            body: { code: "INVALID_JOB", detail: expect.stringContaining("idempotency key") },
          },
        });
      }
      for (const key of ['""', '"a', 'a"', '"a\\b"', "a b", `"${"x".repeat(256)}"`, "é", '"a", "b"']) {
        const wrong = { ...post, headers: { "idempotency-key": Buffer.from(key).toString("latin1") } };
        expect({ key, ...(await ask("/api/v1/jobs/checksum", wrong)) }).toMatchObject({
          ...{ key, status: 400, body: { code: "INVALID_REQUEST" } },
        });
      }
      const many = { headers, body: [{ name: "checksum", data: post.body }] };
      expect(await ask("/api/v1/jobs", many)).toMatchObject({ status: 400 });
    }));
});

describe.concurrent("many jobs", () => {
  it("are enqueued in one request, in their order", () =>
    withoutWorker(async ({ ask, producer }) => {
      const body = Array.from({ length: 10_000 }, (_, n) => ({ name: "checksum", data: { id: `i-${n}` } }));
      const { status, body: answer } = await ask("/api/v1/jobs", { body });
      expect(status).toBe(202);
      expect(answer.jobs).toHaveLength(10_000);
      expect(answer.jobs[9_999]).toEqual({ id: workId, name: "checksum", queue: "checksum" });
      expect((await producer.counts()).checksum.waiting).toBe(10_000);
      expect((await producer.job(answer.jobs[1_234].id))?.data).toEqual({ id: "i-1234" });
    }));

  it("may have ids of their own, by which a repeat is harmless", () =>
    withoutWorker(async ({ ask, producer }) => {
      const body = [
        { name: "delete", data: { id: "a" }, jobId: "one" },
        { name: "changes", data: { mountId: "ab", host: "h" }, jobId: "two" },
      ];
      const jobs = [
        { id: "one", name: "delete", queue: "store" },
        { id: "two", name: "changes", queue: "mount@h" },
      ];
      expect(await ask("/api/v1/jobs", { body })).toMatchObject({ status: 202, body: { jobs } });
      expect(await ask("/api/v1/jobs", { body })).toMatchObject({ status: 202, body: { jobs } });
      expect((await producer.counts()).store.waiting).toBe(1);
    }));

  it("are none if one is wrong, and the answer says which", () =>
    withoutWorker(async ({ ask, producer }) => {
      const good = { name: "checksum", data: { id: "abc" } };
      for (const [wrong, code, detail] of [
        [{ name: "checksum", data: { id: "/" } }, "INVALID_ID", "2.data.id"],
        [{ name: "checksum", data: { id: "a", recipe: "zip" } }, "UNKNOWN_RECIPE", "2.data.recipe"],
        [{ name: "nothing", data: {} }, "INVALID_JOB", "2.name: it takes one of store, commit"],
        [{ name: "checksum" }, "INVALID_JOB", "2.data"],
        [{ ...good, more: 1 }, "INVALID_JOB", "more"],
        [{ ...good, jobId: "12" }, "INVALID_JOB", "2.jobId"],
        [{ ...good, jobId: "wait" }, "INVALID_JOB", "2.jobId"],
        [null, "INVALID_JOB", "2: "],
      ] as const) {
        const { status, body } = await ask("/api/v1/jobs", { body: [good, good, wrong] });
        expect({ status, code: body.code }).toEqual({ status: 422, code });
        expect(body.detail).toContain(detail);
      }
      for (const body of [[], {}, Array.from({ length: 10_001 }, () => good)]) {
        expect(await ask("/api/v1/jobs", { body })).toMatchObject({ status: 422 });
      }
      expect((await producer.counts()).checksum.waiting).toBe(0);
    }));
});
