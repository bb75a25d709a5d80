// stevedore server and the server within stevedore up: where they listen, to whom, and how they end.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningCommand, runCommand, startCommand } from "../../../support/processes/command.js";
import { noRedisRuns, type Running, startStevedore } from "../../../support/processes/stevedore.js";
import { startRedis, type TestRedis } from "../../../support/redis/redis-server.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const token = "0123456789abcdef-full";
const readToken = "0123456789abcdef-read";

/** The address that a command has said it listens on. */
async function urlOf(command: Running | RunningCommand): Promise<string> {
  await command.says(/listening on http:\S+/);
  return /listening on (http:\S+)/.exec(command.output())?.[1] as string;
}

const get = (url: string, bearer?: string) =>
  fetch(url, { headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` } });

describe.concurrent("stevedore up", () => {
  it("serves the API beside the worker, says where, and ends both", async () => {
    const root = await scratch.fresh();
    const up = startStevedore(["up", "--listen", "0", "--json"], { root });
    await up.says(/"url":/);
    const url = await urlOf(up);
    expect(await (await get(`${url}/readyz`)).json()).toMatchObject({ ready: true });
    // One that stays open must not keep it from ending.
    const stream = await get(`${url}/api/v1/events`);
    const { code, json } = await up.stop();
    await stream.text().catch(() => undefined);
    expect({ code, json }).toMatchObject({ code: 0, json: { root, url } });
    expect(noRedisRuns(root)).toBe(true);
    await expect(get(`${url}/healthz`)).rejects.toThrow();
  });

  it("takes another port where the usual one is taken, but not instead of one that was asked for", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => {
      blocker.once("error", () => resolve());
      // If somebody else has it, that will do.
      blocker.listen(7878, "127.0.0.1", resolve);
    });
    try {
      const up = startStevedore(["up"], { root: await scratch.fresh() });
      const url = await urlOf(up);
      expect(url).not.toMatch(/:7878$/);
      expect((await get(`${url}/healthz`)).status).toBe(200);
      const second = await runCommand(["up", "--listen", new URL(url).port, "--json"], {
        root: await scratch.fresh(),
      });
      expect(second).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
      expect(second.json.error.message).toContain(`cannot listen on 127.0.0.1:${new URL(url).port}`);
      expect((await up.stop()).code).toBe(0);
    } finally {
      blocker.close();
    }
  });

  it("does without a server if told so", async () => {
    const up = startStevedore(["up", "--no-server", "--json"], { root: await scratch.fresh() });
    await up.says(/ serving /);
    const { code, json, stderr } = await up.stop();
    expect(code).toBe(0);
    expect(json).not.toHaveProperty("url");
    expect(stderr).not.toContain("listening");
  });
});

describe.concurrent("stevedore server", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  /** Starts one on a root that is there. */
  const start = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const root = await scratch.fresh();
    mkdirSync(join(root, "graph"), { recursive: true });
    return startCommand(["server", "--redis", redis.url, "--listen", "0", ...args], { root, env });
  };

  it("serves alone, and is not ready while no worker serves", async () => {
    const server = await start(["--graph", "alone"]);
    const url = await urlOf(server);
    expect((await get(`${url}/healthz`)).status).toBe(200);
    const readiness = await get(`${url}/readyz`);
    expect({ status: readiness.status, retry: readiness.headers.get("retry-after") }).toEqual({
      status: 503,
      retry: "5",
    });
    expect(await readiness.json()).toMatchObject({
      ready: false,
      checks: { redis: { ok: true }, worker: { ok: false, detail: expect.stringContaining('"alone"') } },
    });
    expect((await server.stop("SIGINT")).code).toBe(0);
  });

  it("lets in who has a token of the file or the environment, as far as its role goes", async () => {
    const file = join(await scratch.fresh(), "tokens");
    writeFileSync(file, `# for the dashboards\n\nread ${readToken}\n`);
    const server = await start(["--token-file", file], { STEVEDORE_TOKEN: token });
    const url = `${await urlOf(server)}/api/v1/jobs`;
    expect((await get(url)).status).toBe(401);
    expect((await get(url, "0123456789abcdef-none")).status).toBe(401);
    expect((await get(url, readToken)).status).toBe(200);
    expect((await get(url, token)).status).toBe(200);
    const post = (bearer: string) =>
      fetch(url, {
        method: "POST",
        body: '[{"name":"verify","data":{"id":"a"}}]',
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      });
    expect((await post(readToken)).status).toBe(403);
    expect((await post(token)).status).toBe(202);
    const { code, stderr } = await server.stop();
    expect(code).toBe(0);
    expect(stderr).not.toContain(token);
    expect(stderr).not.toContain(readToken);
  });

  it.each([
    ["off the loopback interface without a token", ["--listen", "0.0.0.0:0"], {}, "takes a token"],
    ["with a token that is easily guessed", [], { STEVEDORE_TOKEN: "short" }, "STEVEDORE_TOKEN"],
    ["with a token file that holds none", ["--token-file", "/dev/null"], {}, "holds no token"],
    ["without the token file it is given", ["--token-file", "/nowhere/tokens"], {}, "/nowhere/tokens"],
  ])("refuses to start %s", async (_, args, env, message) => {
    const { code, stderr } = await (await start(args, env)).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("INVALID_OPTION");
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("short");
  });

  it("warns of a token file that any user of the host may read, and of no other", async () => {
    const file = join(await scratch.fresh(), "tokens");
    writeFileSync(file, token);
    chmodSync(file, 0o644);
    const open = await start(["--token-file", file]);
    await urlOf(open);
    const warning = `warning: --token-file ${file} has mode 0644: every user of this host may read it; make it 0600`;
    expect((await open.stop()).stderr).toContain(warning);
    chmodSync(file, 0o640);
    const closed = await start(["--token-file", file]);
    await urlOf(closed);
    expect((await closed.stop()).stderr).not.toContain("warning");
  });

  it("names the line of a token file that is wrong, and not what it says", async () => {
    const file = join(await scratch.fresh(), "tokens");
    writeFileSync(file, `full ${token}\nadmin secret-secret-secret\n`);
    const { code, stderr } = await (await start(["--token-file", file])).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}, line 2`);
    expect(stderr).not.toContain("secret-secret");
  });

  it.each(["foo:bar", "70000", "1.2.3.4:", "[::1:80"])("takes %s for no address", async (address) => {
    const { code, stderr } = await (await start(["--listen", address])).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("HOST:PORT");
  });

  it("says so where there is no root", async () => {
    const root = join(await scratch.fresh(), "none");
    const { code, stderr } = await runCommand(["server", "--redis", redis.url, "--listen", "0"], { root });
    expect(code).toBe(1);
    expect(stderr).toContain(root);
  });

  it("listens without its Redis, answers that it is not there, and works once it is", async () => {
    const other = await startRedis();
    await other.kill();
    try {
      const root = await scratch.fresh();
      mkdirSync(join(root, "graph"), { recursive: true });
      const server = startStevedore(["server", "--redis", other.url, "--listen", "0"], { root });
      const url = await urlOf(server);
      const refused = await get(`${url}/api/v1/queues`);
      expect(refused.status).toBe(503);
      expect(refused.headers.get("retry-after")).toBe("5");
      expect(await refused.json()).toMatchObject({ code: "QUEUE_UNAVAILABLE" });
      await other.start();
      expect((await get(`${url}/api/v1/queues`)).status).toBe(200);
      expect((await server.stop()).code).toBe(0);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  it("has its log as JSON if told so", async () => {
    const server = await start(["--log-format", "json"]);
    await server.says(/listening on/);
    const { stderr } = await server.stop();
    const lines = stderr.trim().split("\n");
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: expect.anything() });
  });
});
