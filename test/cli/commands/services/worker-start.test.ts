// How a worker begins and ends: it refuses where it cannot work, tells of an unclean end, and leaves a clean root.
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { openProducer } from "../../../../src/producer/index.js";
import { unmountBelow } from "../../../support/mounts/mounted.js";
import { runCommand } from "../../../support/processes/command.js";
import { pathWithout } from "../../../support/processes/path-without.js";
import { shell } from "../../../support/processes/shell.js";
import {
  type Running,
  type StevedoreOptions,
  startStevedore,
  stevedore,
} from "../../../support/processes/stevedore.js";
import { startRedis, type TestRedis } from "../../../support/redis/redis-server.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();
let redis: TestRedis;
let large: string;
let graphs = 0;
beforeAll(async () => {
  redis = await startRedis();
  large = join(scratch.path, "large.tar");
  // What xz takes some seconds for, though it reads it at once.
  await shell("mkdir large; head -c 3M /dev/urandom > large/random; tar -C large -cf large.tar .", {
    cwd: scratch.path,
  });
});
afterAll(async () => {
  unmountBelow(scratch.path);
  await redis[Symbol.asyncDispose]();
});

describe.concurrent("a worker that cannot work refuses to start, and says why", () => {
  it("on a read-only file system", async () => {
    const root = await scratch.fresh();
    await runCommand(["images"], { root });
    await shell(`mount --bind ${root} ${root} && mount -o remount,bind,ro ${root}`);
    for (const command of [["worker", "--redis", redis.url], ["up"]]) {
      const { code, json } = await runCommand([...command, "--json"], { root });
      expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "INTERNAL" } } });
      expect(json.error.message).toContain(`the root ${root} is on a read-only file system`);
    }
  });

  it("without tar", async () => {
    const PATH = pathWithout(await scratch.fresh(), "tar");
    const { code, json } = await stevedore(["worker", "--redis", redis.url, "--json"], {
      ...{ root: await scratch.fresh(), env: { PATH } },
    });
    expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "TOOL_MISSING" } } });
  });

  it("with an xz that gives other bytes", async () => {
    const tools = await scratch.fresh();
    const otherXz = `#!/bin/bash\nexec /usr/bin/xz "\${@/#-6/-5}"\n`;
    writeFileSync(join(tools, "xz"), otherXz, { mode: 0o755 });
    const { code, json } = await stevedore(
      ["worker", "--redis", redis.url, "--graph", "other-xz", "--json"],
      {
        ...{ root: await scratch.fresh(), env: { PATH: `${tools}:${process.env.PATH}` } },
      },
    );
    expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "INTERNAL" } } });
    expect(json.error.message).toMatch(/does not compress as it must/);
  });
});

// One of them waits for most of its time, for the lock of a worker that is dead.
describe.concurrent("an end", () => {
  /** A worker with a long checksum under way; nothing of it is left when the test has ended. */
  async function busyWorker(
    { onTestFinished }: TestContext,
    args: readonly string[] = [],
    options: StevedoreOptions = {},
  ) {
    const root = await scratch.fresh();
    const graph = `ends-${graphs++}`;
    const running: Running[] = [];
    const start = async () => {
      const flags = ["--redis", redis.url, "--graph", graph, "--allow-source", scratch.path];
      const worker = startStevedore(["worker", ...flags, ...args], { root, ...options });
      running.push(worker);
      await worker.says(/ serving /);
      return worker;
    };
    const worker = await start();
    const producer = openProducer({ redis: redis.url, graph });
    onTestFinished(async () => {
      for (const worker of running) await worker.stop("SIGKILL");
      await producer.close();
    });
    await producer.wait(await producer.enqueue("store", { image: { id: "large" }, layer: { path: large } }));
    const job = await producer.enqueue("checksum", { id: "large" });
    for await (const { progress } of producer.follow(job)) if (progress !== undefined) break;
    return { root, worker, start, producer, job };
  }
  const staging = (root: string) => readdirSync(join(root, "graph/:tmp:"));
  const marks = (root: string) => readdirSync(join(root, "run/workers"));

  it("by kill -9 is told of at the next start, with what was cleaned; a clean one is not", async (test) => {
    const { root, worker, start, producer, job } = await busyWorker(test);
    worker.process.kill("SIGKILL");
    await once(worker.process, "exit");
    expect(staging(root)).not.toEqual([]);
    const next = await start();
    expect(next.output()).toMatch(/a worker \(process \d+, since \S+Z\) did not end cleanly/);
    expect(next.output()).toMatch(/removed 1 abandoned staging director/);
    await producer.wait(job);
    expect((await next.stop()).code).toBe(0);
    expect({ staging: staging(root), marks: marks(root) }).toEqual({ staging: [], marks: [] });
    expect((await start()).output()).not.toMatch(/cleanly/);
  });

  it("by SIGTERM lets a running job end", async (test) => {
    const { root, worker, producer, job } = await busyWorker(test, ["--grace", "300"]);
    expect((await worker.stop("SIGTERM")).code).toBe(0);
    expect(await producer.job(job.id)).toMatchObject({ state: "completed" });
    expect({ staging: staging(root), marks: marks(root) }).toEqual({ staging: [], marks: [] });
  });

  it("by a second SIGTERM puts a running job back at once, whole, for the next worker", async (test) => {
    const { root, worker, start, producer, job } = await busyWorker(test, ["--grace", "300"]);
    worker.process.kill("SIGTERM");
    await worker.says(/a second/);
    expect((await worker.stop("SIGTERM")).code).toBe(0);
    expect(await producer.job(job.id)).toMatchObject({ state: "waiting" });
    expect({ staging: staging(root), marks: marks(root) }).toEqual({ staging: [], marks: [] });
    await start();
    expect(await producer.wait(job)).toMatchObject({ id: "large", cached: false });
  });

  it("by Ctrl-C in a terminal, which signals the tools as well, lets a running job end", async (test) => {
    const { root, worker, producer, job } = await busyWorker(test, ["--grace", "300"], {
      within: ["setsid"],
    });
    process.kill(-(worker.process.pid ?? 0), "SIGINT");
    expect((await worker.ended).code).toBe(0);
    expect(await producer.job(job.id)).toMatchObject({ state: "completed", attempts: 1 });
    expect({ staging: staging(root), marks: marks(root) }).toEqual({ staging: [], marks: [] });
  });
});

it("respects what living workers of the root are making", async () => {
  const root = await scratch.fresh();
  const flags = ["--redis", redis.url, "--graph", "side-by-side"];
  const first = startStevedore(["worker", ...flags], { root });
  await first.says(/ serving /);
  mkdirSync(join(root, "graph/:tmp:"), { recursive: true });
  const [mark = ""] = readdirSync(join(root, "run/workers"));
  const made = join(root, "graph/:tmp:", `${mark}-0123456789abcdef`);
  mkdirSync(made);
  const second = startStevedore(["worker", ...flags], { root });
  await second.says(/ serving /);
  expect(second.output()).not.toMatch(/cleanly|abandoned/);
  expect(readdirSync(join(root, "graph/:tmp:"))).toHaveLength(1);
  expect((await second.stop()).code).toBe(0);
  expect((await first.stop("SIGKILL")).code).toBe(null);
  const third = startStevedore(["worker", ...flags], { root });
  await third.says(/ serving /);
  expect(third.output()).toMatch(/did not end cleanly/);
  expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
  expect((await third.stop()).code).toBe(0);
});
