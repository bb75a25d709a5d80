// stevedore jobs --watch: what happens in the queues, line by line and on a terminal, by an onlooker whom nobody
// needs to mind.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openProducer } from "../../src/producer/index.js";
import { archive, entry } from "../support/crafted-tar.js";
import { startRedis } from "../support/redis-server.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { startOnTerminal } from "../support/screen.js";
import { noRedisRuns, serveRoot, startStevedore, stevedore } from "../support/stevedore.js";

const scratch = useScratchDirectory();
let small: string;
beforeAll(() => {
  small = join(scratch.path, "a.tar");
  writeFileSync(small, archive(entry({ name: "a" }, "a")));
});

/** Starts to watch and waits until nothing is missed any more. */
async function startWatch(args: readonly string[], root?: string) {
  const running = startStevedore(["jobs", "--watch", ...args], root === undefined ? {} : { root });
  await running.says(/watching the queues/);
  return running;
}

describe("without a terminal", () => {
  it("--json prints an object per change, --state those of one state, else a line of text; SIGINT ends with 0", async () => {
    const root = await scratch.fresh();
    const up = await serveRoot(root);
    const [json, failed, text] = await Promise.all([
      startWatch(["--json"], root),
      startWatch(["--json", "--state", "failed"], root),
      startWatch([], root),
    ]);
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(0);
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(1);
    for (const watch of [json, failed, text]) await watch.says(/IMAGE_EXISTS/);
    const ended = await Promise.all([json.stop("SIGINT"), failed.stop("SIGTERM"), text.stop("SIGINT")]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    const documents = (stdout: string) =>
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));

    const changes = documents(ended[0].stdout);
    const ids = new Set(changes.map(({ id }) => id));
    expect(ids.size).toBe(2);
    const [first, second] = [...ids].map((id) => changes.filter((change) => change.id === id));
    const common = {
      at: expect.any(Number),
      queue: "store",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "store",
      data: expect.objectContaining({ image: expect.objectContaining({ id: "a" }) }),
      progress: null,
      result: null,
      failedReason: null,
    };
    const states = (list: typeof changes | undefined) => [...new Set(list?.map(({ state }) => state))];
    expect(states(first)).toEqual(["waiting", "active", "completed"]);
    expect(states(second)).toEqual(["waiting", "active", "failed"]);
    expect(first?.[0]).toEqual({ ...common, state: "waiting" });
    expect(first?.at(-1)).toEqual({
      ...common,
      state: "completed",
      result: expect.objectContaining({ id: "a", stored: true }),
    });
    const last = { ...common, state: "failed", failedReason: expect.stringMatching(/^IMAGE_EXISTS: /) };
    expect(second?.at(-1)).toEqual(last);
    expect(documents(ended[1].stdout)).toEqual([last]);
    expect(ended[2].stdout).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}store {2}store {2}a {2}[0-9a-f-]{36} {2}failed {2}IMAGE_EXISTS: .*$/m,
    );
    await up.stop();
  });

  it("ends when its reader has left", async () => {
    const root = await scratch.fresh();
    const up = await serveRoot(root);
    const watch = await startWatch(["--json"], root);
    watch.process.stdout?.destroy();
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(0);
    expect((await watch.ended).code).toBe(0);
    await up.stop();
  });

  it("outlives a Redis that goes away, says so, and goes on where it was", async () => {
    await using redis = await startRedis();
    const watch = await startWatch(["--json", "--redis", redis.url]);
    await redis.kill();
    await watch.says(/does not answer.*waiting for it/);
    await redis.start();
    await watch.says(/answers again/);
    const producer = openProducer({ redis: redis.url });
    const { id } = await producer.enqueue("checksum", { id: "later" });
    await producer.close();
    await watch.says(new RegExp(`"id":"${id}","name":"checksum","state":"waiting"`));
    await redis.kill();
    await watch.says(/does not answer[\s\S]*answers again[\s\S]*does not answer/);
    expect((await watch.stop("SIGTERM")).code).toBe(0);
  });
});

describe("with the embedded Redis", () => {
  it("alone it starts no worker and keeps no Redis; it sees the commands that come and go", async () => {
    const root = await scratch.fresh();
    expect((await stevedore(["checksum", "nobody", "--detach"], { root })).code).toBe(0);
    const watch = await startWatch(["--json"], root);
    await watch.says(/no command serves/);
    expect(noRedisRuns(root)).toBe(true);
    expect((await stevedore(["jobs", "--json"], { root })).json).toMatchObject([{ state: "waiting" }]);
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(0);
    expect(noRedisRuns(root)).toBe(true);
    const up = await serveRoot(root);
    await watch.says(/"name":"store","state":"completed"/);
    await watch.says(/IMAGE_NOT_FOUND/);
    expect((await up.stop()).code).toBe(0);
    expect(noRedisRuns(root)).toBe(true);
    expect((await watch.stop("SIGINT")).code).toBe(0);
  });
});

describe("on a terminal", () => {
  it("shows counts, workers and failures until Ctrl-C, also where there is little room", async () => {
    const root = await scratch.fresh();
    const up = await serveRoot(root);
    const watches = [100, 40].map((columns) => {
      const watch = startOnTerminal(["jobs", "--watch", "--root", root], { columns, rows: 20 });
      return { columns, watch };
    });
    for (const { watch } of watches) await watch.shows(/^checksum +0 +0 +0 +0 +0 +\S+ +1$/m);
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(0);
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(1);
    for (const { columns, watch } of watches) {
      await watch.shows(/^store +0 +0 +0 +1 +1 +\S+ +1$/m);
      await watch.shows(/^LAST FAILURES\n.*\d\d:\d\d:\d\d {2}store {2}a {2}IMAGE_EXI/m);
      for (const line of watch.screen.lines()) expect(line.length).toBeLessThan(columns);
      await watch.resize(columns + 20, 9);
      await watch.shows(/^graph default at .*\n\nQUEUE .*\n(.*\n){3}\nLAST FAILURES\n.*IMAGE_EXI.*$/);
    }
    await up.stop();
    for (const { watch } of watches) {
      await watch.shows(/^! no command serves/m);
      watch.type("\u0003");
      expect(await watch.ended).toBe(0);
      expect(watch.screen.history()).toEqual(["before"]);
    }
    expect(noRedisRuns(root)).toBe(true);
  });

  it("--state shows the jobs in that state instead of the failures", async () => {
    const root = await scratch.fresh();
    expect((await stevedore(["store", small, "--id", "kept"], { root })).code).toBe(0);
    expect((await stevedore(["store", small, "--id", "kept"], { root })).code).toBe(1);
    const watch = startOnTerminal(["jobs", "--watch", "--state", "completed", "--root", root], {
      columns: 80,
      rows: 20,
    });
    await watch.shows(/^COMPLETED\n\S+ {2}store {2}kept$/m);
    expect(watch.screen.lines().join("\n")).not.toContain("IMAGE_EXISTS");
    watch.type("\u0003");
    expect(await watch.ended).toBe(0);
  });
});
