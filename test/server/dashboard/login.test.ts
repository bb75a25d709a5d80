// The login without a browser: what its cookie is like, where it leads to, and what it opens.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localPath } from "../../../src/server/dashboard/local-path.js";
import { type RunningServer, type ServerOptions, startServer } from "../../../src/server/index.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";

const full = "full-token-0123456789";
const read = "read-token-0123456789";
const tokens = [
  { role: "full", secret: full },
  { role: "read", secret: read },
] as const;

let redis: TestDatabase;
let root: string;
let server: RunningServer;

beforeAll(async () => {
  redis = await openDatabase();
  root = mkdtempSync(join(tmpdir(), "stevedore-login-"));
  mkdirSync(join(root, "graph"));
  server = await serve({ tokens, trustedProxies: ["127.0.0.1"] });
});
afterAll(async () => {
  await server.close();
  await redis[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

describe("a stranger", () => {
  it("is led to the login by every page, and back to it afterwards", async () => {
    for (const path of [
      "/",
      "/graph",
      "/images/8dbd?x=1",
      "/jobs?state=failed",
      "/queues/",
      "/queues/queue/store",
    ]) {
      const { status, headers } = await request(path);
      expect([path, status]).toEqual([path, 302]);
      const login = new URL(headers.get("location") ?? "", server.url);
      expect(login.pathname).toBe("/login");
      expect(login.searchParams.get("to") ?? "/").toBe(path);
    }
  });

  it("is answered 401 with a problem document by what is no page", async () => {
    for (const path of [
      "/api/v1/session",
      "/api/v1/overview",
      "/queues/api/queues",
      "/queues/static/favicon.ico",
    ]) {
      const { status, headers, body } = await request(path);
      expect([path, status, headers.get("content-type")]).toEqual([path, 401, "application/problem+json"]);
      expect(JSON.parse(body).code).toBe("UNAUTHORIZED");
    }
  });

  it("is shown the assets of the login page", async () => {
    const { status, headers } = await request("/assets/index.html");
    expect([status, headers.get("cache-control")]).toEqual([200, "no-cache"]);
  });
});

describe("the cookie", () => {
  it("is for this server alone, out of reach of scripts, and secure where TLS is", async () => {
    const plain = await logIn(full);
    expect(plain.status).toBe(303);
    expect(plain.headers.get("set-cookie")).toMatch(
      /^stevedore-session=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const behindTls = await logIn(full, "/", { "x-forwarded-proto": "https" });
    expect(behindTls.headers.get("set-cookie")).toMatch(/; Secure/);
  });

  it("opens what its token opens, and nothing once it is taken back or changed", async () => {
    const cookie = cookieOf(await logIn(read));
    const session = await request("/api/v1/session", { headers: { cookie } });
    expect(JSON.parse(session.body)).toMatchObject({ role: "read", login: true });
    const out = await request("/logout", { method: "POST", headers: { cookie } });
    expect([out.status, out.headers.get("location")]).toEqual([303, "/login"]);
    expect(out.headers.get("set-cookie")).toMatch(/^stevedore-session=; .*Expires=Thu, 01 Jan 1970/);
    const changed = cookie.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    expect((await request("/api/v1/session", { headers: { cookie: changed } })).status).toBe(401);
  });

  it("is given to no page of another site, and does nothing for one", async () => {
    const foreign = { origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" };
    expect((await logIn(full, "/", foreign)).status).toBe(403);
    const cookie = cookieOf(await logIn(full));
    for (const [method, path] of [
      ["POST", "/logout"],
      ["POST", "/api/v1/jobs/verify-graph"],
      ["PUT", "/queues/api/queues/pause"],
    ] as const) {
      const { status } = await request(path, { method, headers: { cookie, ...foreign } });
      expect([path, status]).toEqual([path, 403]);
    }
  });
});

describe("a login", () => {
  it("leads to a path of this server, whatever it is told", async () => {
    const odd = fc.string({ unit: fc.constantFrom(..."/\\.:@?#%2f5c\t\n \0evil.com"), maxLength: 24 });
    const targets = fc.oneof(
      odd,
      odd.map((text) => `/${text}`),
      odd.map((text) => `//${text}`),
      fc.webUrl(),
    );
    fc.assert(
      fc.property(targets, (to) => {
        const path = localPath(to);
        expect(new URL(path, "http://here.example:1/").origin).toBe("http://here.example:1");
        expect(path).toMatch(/^\/(?![/\\])/);
      }),
      { numRuns: 500 },
    );
    const { headers } = await logIn(full, "//evil.example/");
    expect(headers.get("location")).toBe("/");
  });

  it("is not needed where there are no tokens", async () => {
    const open = await serve({});
    try {
      const login = await request("/login?to=/jobs", {}, open.url);
      expect([login.status, login.headers.get("location")]).toEqual([302, "/jobs"]);
      expect((await request("/", {}, open.url)).status).toBe(200);
      const session = await request("/api/v1/session", {}, open.url);
      expect(JSON.parse(session.body)).toMatchObject({ role: "full", login: false });
    } finally {
      await open.close();
    }
  });

  it("may be tried ten times a minute from one address, and shows its form with every refusal", async () => {
    const from = (address: string) => logIn("wrong", "/<b>", { "x-forwarded-for": address });
    for (let tried = 0; tried < 10; tried++) {
      const { status, body } = await from("192.0.2.1");
      expect([status, body]).toEqual([401, expect.stringContaining('<form method="post" action="/login">')]);
      expect(body).not.toContain("<b>");
    }
    const { status, body } = await from("192.0.2.1");
    expect([status, body]).toEqual([429, expect.stringContaining('<form method="post" action="/login">')]);
    expect((await from("192.0.2.2")).status).toBe(401);
  });
});

describe("Bull Board", () => {
  it("offers nothing to a session that may only look, and does nothing for it", async () => {
    const cookie = cookieOf(await logIn(read));
    const { body } = await request("/queues/api/queues", { headers: { cookie } });
    const { queues } = JSON.parse(body) as {
      queues: { name: string; readOnlyMode: boolean; allowRetries: boolean }[];
    };
    expect(queues.map(({ name }) => name)).toEqual(["store", "checksum", "mount"]);
    for (const queue of queues) expect(queue).toMatchObject({ readOnlyMode: true, allowRetries: false });
    for (const path of [
      "pause",
      "store/clean/failed",
      "store/retry/failed",
      "store/empty",
      "store/obliterate",
    ]) {
      const { status } = await request(`/queues/api/queues/${path}`, { method: "PUT", headers: { cookie } });
      expect([path, status]).toEqual([path, 403]);
    }
  });

  it("shows the queues of a host as soon as there is one", async () => {
    await redis.command("sadd", "{stevedore:default}:hosts", "later");
    const { body } = await request("/queues/api/queues", { headers: { authorization: `Bearer ${full}` } });
    const { queues } = JSON.parse(body) as { queues: { name: string; readOnlyMode: boolean }[] };
    expect(queues.map(({ name }) => name)).toEqual([
      "store",
      "checksum",
      "mount",
      "store@later",
      "mount@later",
    ]);
    expect(queues.every(({ readOnlyMode }) => !readOnlyMode)).toBe(true);
  });

  it("names no other host in its page", async () => {
    const { body, headers } = await request("/queues/", { headers: { authorization: `Bearer ${full}` } });
    expect(body).toContain("Stevedore");
    expect(body).not.toMatch(/https?:\/\//);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'self';/);
  });
});

async function serve(options: Partial<ServerOptions>): Promise<RunningServer> {
  return await startServer({ redis: redis.url, root, ...options });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function request(path: string, options: RequestInit = {}, url = server.url): Promise<Answer> {
  const response = await fetch(url + path, { redirect: "manual", ...options });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

function logIn(token: string, to = "/", headers: Record<string, string> = {}): Promise<Answer> {
  return request("/login", { method: "POST", body: new URLSearchParams({ token, to }), headers });
}

function cookieOf({ headers }: Answer): string {
  return headers.get("set-cookie")?.split(";", 1)[0] ?? "";
}
