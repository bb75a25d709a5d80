// Who may do what over HTTP: tokens, cookies, pages of other sites, and names that lead here.
import { createConnection } from "node:net";
import { describe, expect, it } from "vitest";
import { makeSession, sessionCookie } from "../../../src/server/auth/session.js";
import { useDock } from "../../support/dock.js";
import { type HttpService, servingHttp } from "../../support/http/http-server.js";

const dock = useDock();

const full = { role: "full", secret: "full-token-0123456789" } as const;
const read = { role: "read", secret: "read-token-0123456789" } as const;
const job = { body: { id: "abc" } };

async function withTokens(use: (service: HttpService) => Promise<void>): Promise<void> {
  await servingHttp(dock, use, { worker: false, server: { tokens: [full, read] } });
}

async function withoutTokens(use: (service: HttpService) => Promise<void>): Promise<void> {
  await servingHttp(dock, use, { worker: false });
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const cookie = (value: string) => ({ cookie: `other=1; ${sessionCookie}=${value}` });

/** What comes back to a request that is written by hand: fetch does not let anyone set a Host. */
async function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  socket.setEncoding("utf8");
  socket.write(request);
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

describe.concurrent("a token", () => {
  it("lets its bearer do what its role may", () =>
    withTokens(async ({ ask }) => {
      const { status, headers, body } = await ask("/api/v1/jobs/checksum", {
        ...job,
        headers: bearer(full.secret),
      });
      expect(status).toBe(202);
      const path = headers.get("location") ?? "";
      for (const { secret } of [full, read]) {
        for (const look of [path, "/api/v1/jobs", "/api/v1/queues", `${path}/log`]) {
          expect((await ask(look, { headers: bearer(secret) })).status).toBe(200);
        }
      }
      for (const [method, where, what] of [
        ["POST", "/api/v1/jobs/checksum", job.body],
        ["POST", "/api/v1/jobs", [{ name: "checksum", data: job.body }]],
        ["POST", "/api/v1/jobs/nothing", {}],
        ["DELETE", path, undefined],
        ["POST", `${path}/retry`, undefined],
        ["POST", `${path}/remove`, undefined],
        ["POST", "/api/v1/jobs/retry", { state: "failed" }],
        ["POST", "/api/v1/jobs/remove", { state: "failed" }],
        ["POST", "/api/v1/queues/checksum/pause", undefined],
        ["POST", "/api/v1/queues/checksum/resume", undefined],
      ] as const) {
        const refused = await ask(where, { method, body: what, headers: bearer(read.secret) });
        expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
        expect(refused.headers.get("www-authenticate")).toContain("insufficient_scope");
      }
      expect((await ask(path, { headers: bearer(read.secret) })).body).toEqual(body);
    }));

  it("is asked for by everything but what tells only that the server lives", () =>
    withTokens(async ({ ask, producer }) => {
      const { id } = await producer.enqueue("checksum", job.body);
      for (const path of [
        ...[
          "/api/v1/jobs",
          `/api/v1/jobs/checksum/${id}`,
          `/api/v1/jobs/checksum/${id}/events`,
          "/api/v1/events",
        ],
        ...["/api/v1/queues", "/api/v1/nothing", "/api/v1/jobs/nothing/x"],
      ]) {
        const { status, headers, body } = await ask(path);
        expect({ path, status, code: body.code }).toEqual({ path, status: 401, code: "UNAUTHORIZED" });
        expect(headers.get("www-authenticate")).toBe('Bearer realm="stevedore"');
        expect(headers.get("content-type")).toContain("application/problem+json");
      }
      expect((await ask("/api/v1/jobs/checksum", job)).status).toBe(401);
      // Before the body is looked at.
      expect((await ask("/api/v1/jobs/checksum", { body: "{" })).status).toBe(401);
      expect((await ask("/healthz")).status).toBe(200);
      expect([200, 503]).toContain((await ask("/readyz")).status);
    }));

  it("that is wrong, half, empty or twice there is refused, however it is presented", () =>
    withTokens(async ({ ask }) => {
      for (const authorization of [
        ...["Bearer", "Bearer ", "Bearer x", `Bearer ${full.secret}x`, `Bearer ${full.secret.slice(1)}`],
        ...[`Bearer ${full.secret},${read.secret}`, `Bearer ${full.secret} ${full.secret}`, "bearer null"],
      ]) {
        const { status, headers } = await ask("/api/v1/jobs", { headers: { authorization } });
        expect({ authorization, status }).toEqual({ authorization, status: 401 });
        expect(headers.get("www-authenticate")).toContain("invalid_token");
      }
      for (const authorization of [
        ...[full.secret, `Basic ${btoa(`x:${full.secret}`)}`, `Token ${full.secret}`, `Bearer${full.secret}`],
      ]) {
        expect((await ask("/api/v1/jobs", { headers: { authorization } })).status).toBe(401);
      }
      expect((await ask(`/api/v1/jobs?token=${full.secret}`)).status).toBe(401);
      for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer "]) {
        const headers = { authorization: `${scheme} ${full.secret}` };
        expect((await ask("/api/v1/jobs", { headers })).status).toBe(200);
      }
    }));

  it("that is guessed at is counted by the rate limit", () =>
    servingHttp(
      dock,
      async ({ ask }) => {
        const statuses: number[] = [];
        for (let guess = 0; guess < 7; guess++) {
          statuses.push((await ask("/api/v1/jobs", { headers: bearer(`guess-${guess}`) })).status);
        }
        expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
        const { headers, body } = await ask("/api/v1/nothing");
        expect(body).toMatchObject({ status: 429, code: "TOO_MANY_REQUESTS" });
        expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      },
      { worker: false, server: { tokens: [full], requestsPerMinute: 5 } },
    ));

  it("with both roles is none", async () => {
    const tokens = [full, { ...full, role: "read" }] as const;
    await expect(
      servingHttp(dock, async () => undefined, { worker: false, server: { tokens } }),
    ).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
  });
});

describe.concurrent("a session", () => {
  it("lets a page of this server do what its token may, and no other page", () =>
    withTokens(async ({ ask, url }) => {
      const own = { ...cookie(makeSession(full)), origin: url, "sec-fetch-site": "same-origin" };
      expect((await ask("/api/v1/jobs/checksum", { ...job, headers: own })).status).toBe(202);
      // A program that carries the cookie and is no browser.
      expect(
        (await ask("/api/v1/jobs/checksum", { ...job, headers: cookie(makeSession(full)) })).status,
      ).toBe(202);
      for (const foreign of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: url.replace(/\d+$/, "1") },
        { origin: `${url}.evil.example` },
        { origin: url, "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { "sec-fetch-site": "cross-site" },
      ]) {
        const headers = { ...cookie(makeSession(full)), ...foreign } as Record<string, string>;
        const { status, body } = await ask("/api/v1/jobs/checksum", { ...job, headers });
        expect({ foreign, status, code: body.code }).toEqual({ foreign, status: 403, code: "FORBIDDEN" });
      }
    }));

  it("of a token that may only look may only look; one that is none or over lets nobody in", () =>
    withTokens(async ({ ask }) => {
      const looking = cookie(makeSession(read));
      expect((await ask("/api/v1/jobs", { headers: looking })).status).toBe(200);
      expect((await ask("/api/v1/jobs/checksum", { ...job, headers: looking })).status).toBe(403);
      for (const none of ["", "x", makeSession(full, 0), makeSession({ ...full, secret: "x" })]) {
        expect((await ask("/api/v1/jobs", { headers: cookie(none) })).status).toBe(401);
      }
    }));

  it("counts where a proxy has asked for a password of its own, but not beside a wrong token", () =>
    withTokens(async ({ ask }) => {
      const session = cookie(makeSession(full));
      const basic = { authorization: `Basic ${btoa("x:y")}` };
      expect((await ask("/api/v1/jobs", { headers: { ...session, ...basic } })).status).toBe(200);
      expect((await ask("/api/v1/jobs", { headers: { ...session, ...bearer("wrong") } })).status).toBe(401);
    }));
});

describe.concurrent("a server without tokens", () => {
  it("does what it is asked from this host, but not for a page of another site", () =>
    withoutTokens(async ({ ask, url }) => {
      expect((await ask("/api/v1/jobs/checksum", job)).status).toBe(202);
      const own = { origin: url, "sec-fetch-site": "same-origin" };
      expect((await ask("/api/v1/jobs/checksum", { ...job, headers: own })).status).toBe(202);
      // Any token will do where none is needed.
      expect((await ask("/api/v1/jobs", { headers: bearer("whatever") })).status).toBe(200);
      for (const foreign of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
        const headers = foreign as unknown as Record<string, string>;
        expect((await ask("/api/v1/jobs/checksum", { ...job, headers })).status).toBe(403);
        expect((await ask("/api/v1/jobs/checksum/x", { method: "DELETE", headers })).status).toBe(403);
        expect(
          (await ask("/api/v1/jobs/checksum", { ...job, headers: { ...headers, ...bearer("x") } })).status,
        ).toBe(403);
      }
      // What a form of another site may send without asking first.
      const plain = { "content-type": "text/plain" };
      expect((await ask("/api/v1/jobs/checksum", { ...job, headers: plain })).status).toBe(415);
    }));

  it("answers to the names of the loopback interface only", () =>
    withoutTokens(async ({ url }) => {
      const { port } = new URL(url);
      const status = async (host: string) => {
        const answer = await raw(
          url,
          `GET /api/v1/jobs HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        );
        return Number(answer.split(" ")[1]);
      };
      for (const host of [
        "localhost",
        `localhost:${port}`,
        `127.0.0.1:${port}`,
        "127.1.2.3",
        `[::1]:${port}`,
        "LOCALHOST",
      ]) {
        expect({ host, status: await status(host) }).toEqual({ host, status: 200 });
      }
      for (const host of [
        "evil.example",
        `evil.example:${port}`,
        "localhost.evil.example",
        "127.0.0.1.evil.example",
      ]) {
        expect({ host, status: await status(host) }).toEqual({ host, status: 403 });
      }
      const old = await raw(url, "GET /api/v1/jobs HTTP/1.0\r\n\r\n");
      expect(old).toMatch(/^HTTP\/1.1 403 /);
      const forwarded =
        "GET /api/v1/jobs HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\nConnection: close\r\n\r\n";
      expect(await raw(url, forwarded)).toMatch(/^HTTP\/1.1 403 /);
    }));

  it("listens on no other interface", async () => {
    const server = { listen: { host: "0.0.0.0", port: 0 } };
    await expect(servingHttp(dock, async () => undefined, { worker: false, server })).rejects.toThrow(
      "takes a token",
    );
  });
});
