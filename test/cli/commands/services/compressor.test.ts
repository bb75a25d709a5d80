// stevedore compressor, as a process: without a root, without privileges, without a file that it could write.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compressorKeys } from "../../../../src/jobs/index.js";
import { runCommand } from "../../../support/processes/command.js";
import { pathWithout } from "../../../support/processes/path-without.js";
import { startStevedore, stevedore } from "../../../support/processes/stevedore.js";
import { openBlockQueue } from "../../../support/redis/block-queue.js";
import { freePort, startRedis, type TestRedis } from "../../../support/redis/redis-server.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** Nobody, with no capability that could be had again, in a name space whose file systems are read-only. */
const withoutAnything = [
  ...["unshare", "--mount", "sh", "-c", 'mount -o remount,ro,bind / / && cd / && exec "$@"', "sh"],
  ...[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=-all",
    "--bounding-set=-all",
  ],
  ...["--no-new-privs", "env", "-i", `PATH=${process.env.PATH}`],
];

describe.concurrent("stevedore compressor", () => {
  it("compresses as nobody, without capabilities and without a file system to write to", async () => {
    await using one = await openBlockQueue(redis.url);
    await using two = await openBlockQueue(redis.url);
    const graphs = ["--graph", one.graph, "--graph", two.graph];
    const compressor = startStevedore(["compressor", "--redis", redis.url, ...graphs, "--threads", "1"], {
      within: withoutAnything,
    });
    await compressor.says(/ compressing for graph "g-.*", "g-.*1 at a time by xz /);
    for (const blocks of [one, two]) {
      expect(await blocks.run(await blocks.put(Buffer.from("block")))).toMatchObject({
        version: expect.stringMatching(/^5\./),
      });
    }
    expect(await compressor.stop()).toMatchObject({ code: 0, stderr: expect.stringContaining("stopping") });
  });

  it("logs JSON, and prints one document", async () => {
    const compressor = startStevedore(
      [
        "compressor",
        "--redis",
        redis.url,
        "--json",
        "--log-format",
        "json",
        "--host",
        "helper",
        "--threads",
        "3",
      ],
      {},
    );
    await compressor.says(/compressing for graph/);
    const { code, json, stderr } = await compressor.stop();
    expect({ code, json }).toMatchObject({
      code: 0,
      json: { graphs: ["default"], host: "helper", slots: 3, id: expect.stringMatching(/^helper\.\d+\./) },
    });
    for (const line of stderr.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ level: "info" });
  });

  it("waits for a Redis that is not there, and can be stopped meanwhile", async () => {
    const waiting = startStevedore(["compressor", "--redis", `redis://127.0.0.1:${await freePort()}`]);
    await waiting.says(/is not available, waiting for it/);
    expect((await waiting.stop()).code).toBe(0);
  });

  it("with an xz that gives other bytes refuses to serve", async () => {
    const tools = await scratch.fresh();
    mkdirSync(tools, { recursive: true });
    writeFileSync(join(tools, "xz"), `#!/bin/bash\nexec /usr/bin/xz "\${@/#-6/-5}"\n`, { mode: 0o755 });
    const { code, json } = await stevedore(
      ["compressor", "--redis", redis.url, "--graph", "wrong", "--json"],
      {
        env: { PATH: `${tools}:${process.env.PATH}` },
      },
    );
    expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "INTERNAL" } } });
    expect(json.error.message).toMatch(/does not compress as it must/);
    expect(await redis.command("KEYS", "*wrong*")).toEqual([]);
  });

  it("takes the library where there is no xz", async () => {
    await using blocks = await openBlockQueue(redis.url);
    const PATH = pathWithout(await scratch.fresh(), "xz");
    const compressor = startStevedore(["compressor", "--redis", redis.url, "--graph", blocks.graph], {
      env: { PATH },
    });
    await compressor.says(/by lzma-native /);
    expect(await blocks.run(await blocks.put(Buffer.from("block")))).toMatchObject({
      length: expect.any(Number),
    });
    expect((await compressor.stop()).code).toBe(0);
  });

  it("that is killed leaves its block to the next", async () => {
    await using blocks = await openBlockQueue(redis.url);
    const start = async () => {
      const args = ["compressor", "--redis", redis.url, "--graph", blocks.graph, "--threads", "1"];
      const compressor = startStevedore(args, { env: { STEVEDORE_INTERNAL_LOCK_MS: "1000" } });
      await compressor.says(/ compressing /);
      return compressor;
    };
    const victim = await start();
    const data = execFileSync("head", ["-c", "8388608", "/dev/urandom"], { maxBuffer: 1e8 });
    const ended = blocks.run(await blocks.put(data));
    await victim.says(/ compressing /);
    while ((await blocks.queue.getActiveCount()) === 0) await new Promise(setImmediate);
    victim.process.kill("SIGKILL");
    await once(victim.process, "exit");
    const next = await start();
    expect(await ended).toMatchObject({ compressor: expect.stringContaining(`.${next.process.pid}.`) });
    await next.stop();
  });

  it("that a worker has shut out ends with an exit code of its own, by which nothing starts it again", async () => {
    await using blocks = await openBlockQueue(redis.url);
    const args = ["compressor", "--redis", redis.url, "--graph", blocks.graph, "--threads", "1"];
    const compressor = startStevedore(args);
    await compressor.says(/ as \S+; Ctrl-C stops/);
    const id = / as (\S+);/.exec(compressor.output())?.[1] ?? "";
    await blocks.redis.set(compressorKeys(blocks.graph).refusal(id), "it made other bytes");
    const { code, stderr } = await compressor.ended;
    expect(stderr).toMatch(
      /^stevedore: INTERNAL: a worker of graph \S+ has shut this compressor out: it made other bytes$/m,
    );
    expect(code).toBe(3);
    const unit = readFileSync(
      join(import.meta.dirname, "../../../../systemd/stevedore-compressor.service"),
      "utf8",
    );
    expect(unit).toMatch(/^RestartPreventExitStatus=3$/m);
  });

  it("wants to be told of a Redis", async () => {
    expect(await runCommand(["compressor", "--json"])).toMatchObject({
      ...{
        code: 2,
        json: { error: { code: "INVALID_OPTION", message: expect.stringContaining("--redis") } },
      },
    });
  });

  it.each([
    [["--threads", "0"], /--threads/],
    [["--graph", "good", "--graph", "a b"], /--graph/],
    [["--host", "a:b"], /--host/],
  ])("refuses %s", async (args, named) => {
    const { code, stderr } = await runCommand(["compressor", "--redis", redis.url, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(named);
  });
});
