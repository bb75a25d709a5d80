// --log-format json: what a command that serves tells of on stderr is JSON, an object a line.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProducer } from "../../../src/producer/index.js";
import { runCommand } from "../../support/processes/command.js";
import { startStevedore } from "../../support/processes/stevedore.js";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { archive, entry } from "../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis({ password: "hush-hush" });
});
afterAll(() => redis[Symbol.asyncDispose]());

/** The objects on stderr; fails for a line that is none. */
function logged(stderr: string): Record<string, unknown>[] {
  return stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("--log-format json", () => {
  it("makes every line of a worker an object with time, level and msg, and says which job it is about", async () => {
    const root = join(scratch.path, "root");
    const file = join(scratch.path, "a.tar");
    writeFileSync(file, archive(entry({ name: "a" }, "a")));
    const env = { STEVEDORE_HOST: "logger", STEVEDORE_REDIS_URL: redis.url };
    const worker = startStevedore(["worker", "--log-format", "json"], { root, env });
    await worker.says(/"serving /);
    expect((await runCommand(["store", file, "--id", "a"], { root, env })).code).toBe(0);
    const producer = openProducer({ redis: redis.url });
    const job = await producer.enqueue("delete", { id: "nobody" });
    await worker.says(/ failed: /);
    await producer.close();
    const { code, stderr } = await worker.stop();
    expect(code).toBe(0);
    const lines = logged(stderr);
    for (const { time, level, msg } of lines) {
      expect(new Date(String(time)).toISOString()).toBe(time);
      expect(level).toMatch(/^(info|warn)$/);
      expect(msg).toEqual(expect.any(String));
    }
    const about = (name: string) => lines.filter((line) => line.name === name);
    expect(about("store")).toEqual([
      expect.objectContaining({
        ...{ level: "info", host: "logger", queue: "store", job: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        msg: expect.stringMatching(/^store: store \S+ completed$/),
      }),
    ]);
    expect(about("delete")).toEqual([
      expect.objectContaining({
        ...{ level: "warn", queue: "store", job: job.id, host: "logger" },
        msg: expect.stringContaining("IMAGE_NOT_FOUND"),
      }),
    ]);
    expect(stderr).not.toContain("hush");
  });

  it("is what the environment asks for too, also of the error that ends a command", async () => {
    const env = { STEVEDORE_LOG_FORMAT: "json", STEVEDORE_REDIS_URL: redis.url, STEVEDORE_GRAPH: "taken" };
    await redis.command("SET", "{stevedore:taken}:graph-id", "another");
    const { code, stderr } = await runCommand(["worker"], { root: join(scratch.path, "refused"), env });
    expect(code).toBe(1);
    expect(logged(stderr).at(-1)).toMatchObject({
      ...{ level: "error", msg: expect.stringContaining("QUEUE_UNAVAILABLE: the graph name") },
    });
    // A command that serves nobody talks to people, whatever the environment says.
    const images = await runCommand(["images"], { root: join(scratch.path, "nowhere"), env });
    expect(images.stderr).toMatch(/^stevedore: SOURCE_NOT_FOUND: /);
  });

  it("takes text or json, and an empty variable for none", async () => {
    const wrong = await runCommand(["worker", "--log-format", "xml"], { root: scratch.path });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("text or json") });
    const env = { STEVEDORE_LOG_FORMAT: "", STEVEDORE_REDIS_URL: redis.url, STEVEDORE_GRAPH: "taken" };
    const { stderr } = await runCommand(["worker"], { root: join(scratch.path, "refused"), env });
    expect(stderr).toMatch(/^stevedore: connecting to Redis/);
  });
});
