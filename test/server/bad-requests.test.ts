// What bad requests about jobs get: bodies that are wrong, hostile or endless, and a Redis that is gone.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type Dock, useDock } from "../support/dock.js";
import { openEvents } from "../support/http/event-source.js";
import { type HttpService, servingHttp } from "../support/http/http-server.js";
import { startStevedore } from "../support/processes/stevedore.js";
import { startRedis } from "../support/redis/redis-server.js";
import { until } from "../support/until.js";

const dock = useDock();

async function withoutWorker(use: (service: HttpService) => Promise<void>): Promise<void> {
  await servingHttp(dock, use, { worker: false });
}

describe.concurrent("a body", () => {
  it("that is no JSON, or poisoned, is 400", () =>
    withoutWorker(async ({ ask }) => {
      for (const body of [
        ...["{", "", "nope", '{"id":"a",}', "{'id':'a'}", "[".repeat(50), Buffer.from([0xff, 0xfe, 0x00])],
        ...['{"id":"a","__proto__":{"x":1}}', '{"id":"a","constructor":{"prototype":{"x":1}}}'],
        ...['{"id":"a","\\u005f_proto__":1}', '{"image":{"config":{"__proto__":{}}},"layer":{"upload":"u"}}'],
      ]) {
        const headers = { "content-type": "application/json" };
        const { status, body: answer } = await ask("/api/v1/jobs/store", { method: "POST", body, headers });
        expect({ body: String(body), status, code: answer.code }).toEqual({
          ...{ body: String(body), status: 400, code: "INVALID_REQUEST" },
        });
      }
    }));

  it("with wrong types, unknown fields or values is 422 with the code of what is wrong, and names it", () =>
    withoutWorker(async ({ ask, producer }) => {
      for (const [name, body, code, field] of [
        ["checksum", { id: 1 }, "INVALID_JOB", "id"],
        ["checksum", { id: "../x" }, "INVALID_ID", "id"],
        ["checksum", { id: "a", recipe: "zip" }, "UNKNOWN_RECIPE", "recipe"],
        ["checksum", { id: "a", more: 1 }, "INVALID_JOB", "more"],
        ["checksum", { id: "a", force: "yes" }, "INVALID_JOB", "force"],
        ["checksum", null, "INVALID_JOB", "body"],
        ["checksum", [], "INVALID_JOB", "body"],
        ["checksum", "text", "INVALID_JOB", "body"],
        ["store", { layer: { path: "" } }, "INVALID_JOB", "layer"],
        ["store", { layer: { url: "file:///etc/passwd" } }, "INVALID_JOB", "layer"],
        ["store", { layer: { path: "a", url: "http://a" } }, "INVALID_JOB", "layer"],
        ["store", { layer: { upload: "u" }, image: { parent: "/" } }, "INVALID_ID", "image.parent"],
        ["store", { layer: { upload: "u" }, image: {}, json: "{}" }, "INVALID_JOB", "json"],
        ["mount", { id: "a", target: "relative" }, "INVALID_JOB", "target"],
        ["unmount", {}, "INVALID_JOB", "mountId"],
        ["checksum-graph", { ids: ["a", 1] }, "INVALID_JOB", "ids.1"],
      ] as const) {
        const {
          status,
          headers,
          body: answer,
        } = await ask(`/api/v1/jobs/${name}`, {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        });
        expect({ body, status, code: answer.code }).toEqual({ body, status: 422, code });
        expect(answer.detail).toContain(field);
        expect(answer).toMatchObject({ type: "about:blank", title: "Unprocessable Entity", status: 422 });
        expect(headers.get("content-type")).toBe("application/problem+json");
      }
      expect((await producer.counts()).checksum.waiting).toBe(0);
    }));

  it("of a job that there is not is 404, and the answer names those that there are", () =>
    withoutWorker(async ({ ask }) => {
      for (const name of ["nothing", "Store", "toString", "__proto__", "constructor"]) {
        const { status, body } = await ask(`/api/v1/jobs/${name}`, { body: {} });
        expect({ name, status, code: body.code }).toEqual({ name, status: 404, code: "NOT_FOUND" });
        expect(body.detail).toContain("the jobs are store, commit, ");
      }
    }));

  it("of another type is 415", () =>
    withoutWorker(async ({ ask }) => {
      for (const type of ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"]) {
        const headers = { "content-type": type };
        expect(await ask("/api/v1/jobs/checksum", { body: "x", headers })).toMatchObject({ status: 415 });
      }
    }));

  it("that is nested deep is refused, of any kind", () =>
    withoutWorker(async ({ ask, producer }) => {
      for (const depth of [101, 10_000, 1_000_000]) {
        for (const [begin, end] of [
          ["[", "]"],
          ['{"a":', "}"],
        ] as const) {
          const config = `${begin.repeat(depth)}1${end.repeat(depth)}`;
          const body = `{"layer":{"upload":"u"},"image":{"config":{"x":${config}}}}`;
          const headers = { "content-type": "application/json" };
          const { status } = await ask("/api/v1/jobs/store", { body, headers });
          // Of the deepest some are larger than a job may be.
          expect({ depth, status }).toEqual({ depth, status: body.length > 4.1 * 1024 ** 2 ? 413 : 422 });
        }
      }
      const config = { x: JSON.parse(`${"[".repeat(90)}${"]".repeat(90)}`) };
      const { status, body } = await ask("/api/v1/jobs/store", {
        body: { layer: { upload: "u" }, image: { config } },
      });
      expect({ status, detail: body.detail }).toEqual({ status: 202 });
      expect((await producer.job(body.id))?.data).toMatchObject({ image: { config } });
    }));

  it("of a million ids is a job, and one of millions of other values is refused", () =>
    withoutWorker(async ({ ask, producer }) => {
      const ids = Array.from({ length: 1_000_000 }, (_, n) => String(n).padStart(64, "0"));
      expect((await ask("/api/v1/jobs/checksum-graph", { body: { ids } })).status).toBe(202);
      expect((await producer.counts()).checksum.waiting).toBe(1);
      const headers = { "content-type": "application/json" };
      for (const text of ["1,", "[],", "{},"]) {
        const body = `{"ids":[${text.repeat(1_000_001)}1]}`;
        const refused = await ask("/api/v1/jobs/checksum-graph", { body, headers });
        expect(refused).toMatchObject({ status: 413, body: { code: "LIMIT_EXCEEDED" } });
      }
      const many = await ask("/api/v1/jobs/checksum-graph", { body: { ids: Array(50_000).fill(1) } });
      expect(many).toMatchObject({ status: 422, body: { code: "INVALID_JOB" } });
      expect(many.body.errors).toHaveLength(20);
      expect(many.body.detail).toContain("and 49980 more");
    }));
});

describe("a body of 2 GB", () => {
  it("is refused at once, whether it says so or not, and not held in memory", () =>
    withoutWorker(async ({ graphName, root, producer }) => {
      const args = ["server", "--listen", "0", "--redis", dock.redis, "--graph", graphName];
      const server = startStevedore(args, { root });
      try {
        await server.says(/listening on http/);
        const { hostname, port, host } = new URL(/http:[^ ]+/.exec(server.output())?.[0] ?? "");
        const head = `Host: ${host}\r\nContent-Type: application/json\r\n`;
        const total = 2 * 1024 ** 3;
        const size = 256 * 1024;
        const chunk = Buffer.from(`${size.toString(16)}\r\n${" ".repeat(size)}\r\n`);
        for (const [path, limit] of [
          ["/api/v1/jobs/checksum", 4],
          ["/api/v1/jobs/checksum-graph", 80],
          ["/api/v1/jobs/nothing", 0],
        ] as const) {
          const wanted = limit === 0 ? /^HTTP\/1.1 404 / : /^HTTP\/1.1 413 .*"code":"LIMIT_EXCEEDED"/s;
          // Nothing of the body is sent.
          const told = connect(Number(port), hostname).setEncoding("utf8");
          told.write(`POST ${path} HTTP/1.1\r\n${head}Content-Length: ${total}\r\n\r\n`);
          const [answer] = await once(told, "data");
          expect(answer).toMatch(wanted);
          // The connection is ended though the body never comes.
          await once(told, "close");

          const untold = connect(Number(port), hostname).setEncoding("utf8");
          let answered = "";
          let isOver = false;
          /** Goes on with the writing, or ends it. */
          let wake = () => {};
          untold.on("data", (text: string) => {
            answered += text;
          });
          untold.on("error", () => undefined);
          untold.on("drain", () => wake());
          untold.on("close", () => {
            isOver = true;
            wake();
          });
          untold.write(`POST ${path} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
          let sent = 0;
          while (!isOver && answered === "" && sent < total) {
            sent += size;
            if (untold.write(chunk)) continue;
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          await until("the connection is not closed", async () => isOver);
          expect(answered).toMatch(wanted);
          // The limit, and what the sockets hold.
          expect(sent / 1024 ** 2).toBeLessThan(limit + 40);
        }
        const status = readFileSync(`/proc/${server.process.pid}/status`, "utf8");
        expect(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024).toBeLessThan(400);
        expect((await producer.counts()).checksum.waiting).toBe(0);
      } finally {
        await server.stop();
      }
    }));
});

describe("a Redis that is gone", () => {
  it("is 503 with Retry-After, a stream is told, and all goes on when it is back", async () => {
    await using redis = await startRedis();
    const own: Dock = { ...dock, redis: redis.url };
    await servingHttp(
      own,
      async ({ ask, url, producer }) => {
        const { id } = await producer.enqueue("checksum", { id: "abc" });
        const source = await openEvents(`${url}/api/v1/jobs/checksum/${id}/events`);
        const all = await openEvents(`${url}/api/v1/events`);
        await source.next(({ data }) => data.state === "waiting");
        const waiting = ask("/api/v1/jobs/checksum?wait=300", { body: { id: "other" } });
        await until("the other is not there", async () => (await producer.counts()).checksum.waiting === 2);
        await redis.kill();
        const answers = await Promise.all([
          ...["/api/v1/jobs", `/api/v1/jobs/checksum/${id}`, `/api/v1/jobs/checksum/${id}/log`].map((path) =>
            ask(path),
          ),
          ...["/api/v1/queues", `/api/v1/jobs/checksum/${id}/events`, "/api/v1/events"].map((path) =>
            ask(path),
          ),
          ask("/api/v1/jobs/checksum", { body: { id: "x" } }),
          ask("/api/v1/jobs/checksum", { body: { id: "x" }, headers: { "idempotency-key": "k" } }),
          ask("/api/v1/jobs", { body: [{ name: "checksum", data: { id: "y" } }] }),
          ask(`/api/v1/jobs/checksum/${id}`, { method: "DELETE" }),
          waiting,
        ]);
        for (const { status, headers, body } of answers) {
          expect({ status, code: body.code }).toEqual({ status: 503, code: "QUEUE_UNAVAILABLE" });
          expect(headers.get("retry-after")).toBe("5");
          expect(body.detail).not.toContain("redis://");
        }
        await source.next(({ data }) => data.connection === "lost");
        await all.next(({ data }) => data.connection === "lost");
        await redis.start();
        await source.next(({ data }) => data.connection === "restored");
        await until("Redis is not back", async () => (await ask("/api/v1/queues")).status === 200);
        expect((await ask(`/api/v1/jobs/checksum/${id}`, { method: "DELETE" })).status).toBe(200);
        const last = (await source.ended).at(-1);
        expect(last).toMatchObject({
          event: "state",
          data: { state: "cancelled", error: { code: "CANCELLED" } },
        });
        expect(source.events.filter(({ data }) => data.state === "waiting")).toHaveLength(1);
        await all.next(({ data }) => data.id === id && data.state === "cancelled");
        all.close();
      },
      { worker: false },
    );
  });
});
