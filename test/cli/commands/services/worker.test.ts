// stevedore worker: serves a Redis that others run, for commands that name it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../support/processes/command.js";
import { noRedisRuns, type Running, startStevedore } from "../../../support/processes/stevedore.js";
import { freePort, startRedis, type TestRedis } from "../../../support/redis/redis-server.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { archive, entry } from "../../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
let redis: TestRedis;
let worker: Running;
let root: string;
let file: string;

beforeAll(async () => {
  redis = await startRedis();
  root = join(scratch.path, "root");
  file = join(scratch.path, "a.tar");
  writeFileSync(file, archive(entry({ name: "a" }, "a")));
  worker = startStevedore(["worker", "--redis", redis.url], { root });
  await worker.says(/ serving /);
});
afterAll(async () => {
  expect((await worker.stop()).code).toBe(0);
  await redis[Symbol.asyncDispose]();
});

describe("stevedore worker", () => {
  it("does the jobs of commands that name its Redis, and starts none of its own", async () => {
    const stored = await runCommand(["store", file, "--id", "a", "--redis", redis.url, "--json"], { root });
    expect(stored).toMatchObject({ code: 0, json: { id: "a", stored: true } });
    await worker.says(/store: store \S+ completed/);
    const { json } = await runCommand(["jobs", "--json"], { root, env: { STEVEDORE_REDIS_URL: redis.url } });
    expect(json).toMatchObject([{ state: "completed" }]);
    expect(noRedisRuns(root)).toBe(true);
  });

  it("is refused a graph's name that another root holds, and may serve under another", async () => {
    const other = join(scratch.path, "other");
    const refused = await runCommand(["worker", "--redis", redis.url, "--json"], { root: other });
    expect(refused).toMatchObject({ code: 1, json: { error: { code: "QUEUE_UNAVAILABLE" } } });
    expect(refused.stderr).toContain('"default"');
    const second = startStevedore(["worker", "--redis", redis.url], {
      root: other,
      env: { STEVEDORE_GRAPH: "b" },
    });
    await second.says(/ serving .*"b"/);
    expect((await second.stop()).code).toBe(0);
  });

  it("says that it waits for a Redis that is not there, and can be stopped", async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const waiting = startStevedore(["worker", "--redis", url], { root: join(scratch.path, "waits") });
    await waiting.says(/connecting to Redis at 127/);
    expect((await waiting.stop()).code).toBe(0);
  });
});

describe.concurrent("a command whose Redis is not there", () => {
  it.each([["jobs"], ["checksum", "a"], ["rm", "a"], ["store", "a.tar"]])("fails: %s %s", async (...args) => {
    const named = args.map((word) => (word === "a.tar" ? file : word));
    const url = `redis://user:secret@127.0.0.1:${await freePort()}`;
    const { code, json, stderr } = await runCommand([...named, "--redis", url, "--json"], { root });
    expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "QUEUE_UNAVAILABLE" } } });
    expect(stderr).not.toContain("secret");
  });
});
