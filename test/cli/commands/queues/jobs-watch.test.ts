// stevedore jobs --watch: what happens in the queues, line by line and on a terminal, by an onlooker whom nobody
// needs to mind. The tests mostly wait, so they run side by side.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlowProducer, type Job, Queue, UnrecoverableError, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compressorKeys, keyPrefix } from "../../../../src/jobs/index.js";
import { openProducer, type ProducerOptions } from "../../../../src/producer/index.js";
import { runCommand, startCommand } from "../../../support/processes/command.js";
import { startOnTerminal } from "../../../support/processes/screen.js";
import { noRedisRuns, serveRoot, startStevedore } from "../../../support/processes/stevedore.js";
import { tellOfCompressor } from "../../../support/redis/compressor-status.js";
import { startRedis, type TestRedis } from "../../../support/redis/redis-server.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { archive, entry } from "../../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
const small = archive(entry({ name: "a" }, "a"));
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** Starts to watch and waits until nothing is missed any more. */
async function startWatch(args: readonly string[], root?: string) {
  const running = startCommand(["jobs", "--watch", ...args], root === undefined ? {} : { root });
  await running.says(/watching the queues/);
  return running;
}

/** Has the image `a` stored twice through a queue: the second time it fails. */
async function storeTwice(queue: ProducerOptions, path: string): Promise<void> {
  const producer = openProducer(queue);
  try {
    const store = async () =>
      producer.wait(await producer.enqueue("store", { image: { id: "a" }, layer: { path } }));
    await store();
    await expect(store()).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
  } finally {
    await producer.close();
  }
}

describe.concurrent("without a terminal", () => {
  it("--json prints an object per change, --state those of one state, else a line of text; a signal ends it with 130", async () => {
    const graph = "text";
    const args = ["--redis", redis.url, "--graph", graph];
    const [json, failed, text] = await Promise.all([
      startWatch(["--json", ...args]),
      startWatch(["--json", "--state", "failed", ...args]),
      startWatch(args),
    ]);
    const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
    const results = [{ id: "a", stored: true }];
    const work = async () => {
      const result = results.pop();
      if (result === undefined) throw new UnrecoverableError("IMAGE_EXISTS: there is an image a");
      return result;
    };
    const worker = new Worker("store", work, { connection, prefix: keyPrefix(graph) });
    await storeTwice({ redis: redis.url, graph }, "a.tar");
    await worker.close();
    connection.disconnect();
    for (const watch of [json, failed, text]) await watch.says(/IMAGE_EXISTS/);
    const ended = await Promise.all([json.stop("SIGINT"), failed.stop("SIGTERM"), text.stop("SIGINT")]);
    expect(ended.map(({ code }) => code)).toEqual([130, 130, 130]);
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
  });

  it("ends with 0 when its reader has left", async () => {
    const watch = startStevedore(["jobs", "--watch", "--json", "--redis", redis.url, "--graph", "left"]);
    await watch.says(/watching the queues/);
    watch.process.stdout?.destroy();
    const producer = openProducer({ redis: redis.url, graph: "left" });
    await producer.enqueue("checksum", { id: "a" });
    await producer.close();
    expect((await watch.ended).code).toBe(0);
  });

  it("outlives a Redis that goes away, says so, and goes on where it was", async () => {
    await using own = await startRedis();
    const watch = await startWatch(["--json", "--redis", own.url]);
    await own.kill();
    await watch.says(/does not answer.*waiting for it/);
    await own.start();
    await watch.says(/answers again/);
    const producer = openProducer({ redis: own.url });
    const { id } = await producer.enqueue("checksum", { id: "later" });
    await producer.close();
    await watch.says(new RegExp(`"id":"${id}","name":"checksum","state":"waiting"`));
    await own.kill();
    await watch.says(/does not answer[\s\S]*answers again[\s\S]*does not answer/);
    expect((await watch.stop("SIGTERM")).code).toBe(130);
  });
});

describe.concurrent("with the embedded Redis", () => {
  it("alone it starts no worker and keeps no Redis; it sees the commands that come and go", async () => {
    const root = await scratch.fresh();
    expect((await runCommand(["checksum", "nobody", "--detach"], { root })).code).toBe(0);
    const watch = await startWatch(["--json"], root);
    await watch.says(/no command serves/);
    expect(noRedisRuns(root)).toBe(true);
    expect((await runCommand(["jobs", "--json"], { root })).json).toMatchObject([{ state: "waiting" }]);
    expect((await runCommand(["store", "-", "--id", "a"], { root, stdin: small })).code).toBe(0);
    expect(noRedisRuns(root)).toBe(true);
    const up = await serveRoot(root);
    await watch.says(/"name":"store","state":"completed"/);
    await watch.says(/IMAGE_NOT_FOUND/);
    expect((await up.stop()).code).toBe(0);
    expect(noRedisRuns(root)).toBe(true);
    expect((await watch.stop("SIGINT")).code).toBe(130);
  });
});

describe.concurrent("on a terminal", () => {
  it("shows counts, workers and failures (or another state) until Ctrl-C, also where there is little room", async () => {
    const root = await scratch.fresh();
    const up = await serveRoot(root);
    const start = (columns: number, ...args: string[]) =>
      startOnTerminal(["jobs", "--watch", "--root", root, ...args], { columns, rows: 20 });
    const watches = [100, 40].map((columns) => ({ columns, watch: start(columns) }));
    const completed = start(80, "--state", "completed");
    for (const { watch } of watches) await watch.shows(/^checksum +0 +0 +0 +0 +0 +\S+ +1$/m);
    const path = join(root, "inbox", "a.tar");
    mkdirSync(join(root, "inbox"), { recursive: true });
    writeFileSync(path, small);
    await storeTwice({ redis: join(root, "run/redis.sock") }, path);
    await completed.shows(/^store +0 +0 +0 +1 +1 .*\n[\s\S]*^COMPLETED\n\S+ {2}store {2}a$/m);
    expect(completed.screen.lines().join("\n")).not.toContain("IMAGE_EXISTS");
    for (const { columns, watch } of watches) {
      await watch.shows(/^store +0 +0 +0 +1 +1 +\S+ +1$/m);
      await watch.shows(/^LAST FAILURES\n.*\d\d:\d\d:\d\d {2}store {2}a {2}IMAGE_EXI/m);
      for (const line of watch.screen.lines()) expect(line.length).toBeLessThan(columns);
      await watch.resize(columns + 20, 9);
      await watch.shows(/^graph default at .*\n\nQUEUE .*\n(.*\n){3}\nLAST FAILURES\n.*IMAGE_EXI.*$/);
    }
    await up.stop();
    for (const watch of [completed, ...watches.map(({ watch }) => watch)]) {
      await watch.shows(/^! no command serves/m);
      watch.type("\u0003");
      expect(await watch.ended).toBe(130);
      expect(watch.screen.history()).toEqual(["before"]);
      // xterm's ctlseqs: the cursor, hidden at first, is shown when the screen is given back.
      expect(watch.output().lastIndexOf("\u001b[?25h")).toBeGreaterThan(
        watch.output().lastIndexOf("\u001b[?25l"),
      );
    }
    expect(noRedisRuns(root)).toBe(true);
  });

  it("shows a batch whose children are at work by its own figures, and no control character of hostile jobs", async () => {
    const graph = "hostile";
    const hostile = "\u001b]0;title\u0007\u009b2J\r\n";
    const options = {
      connection: new Redis(redis.url, { maxRetriesPerRequest: null }),
      prefix: keyPrefix(graph),
    };
    const flows = new FlowProducer(options);
    const queue = new Queue("checksum", options);
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const args = ["jobs", "--watch", "--redis", redis.url, "--graph", graph];
    const text = await startWatch(args.slice(2));
    const watch = startOnTerminal(args, { columns: 120, rows: 20 });
    const workers: Worker[] = [];
    try {
      const { job: parent } = await flows.add({
        ...{ name: "checksum-graph", queueName: "checksum", data: {} },
        children: [{ name: hostile, queueName: "checksum", data: { id: `${hostile}child` } }],
      });
      await queue.add(hostile, { id: `${hostile}failing` }, { timestamp: 1e300 });
      await queue.add(hostile, { id: `${hostile}liar` });
      const work = async (job: Job<{ id: string }>) => {
        const { id } = job.data;
        if (id.endsWith("failing")) throw new Error(`INTERNAL: ${hostile}`);
        const phase = `${hostile}working`;
        // A report that is none, with numbers that would be drawn.
        if (id.endsWith("liar")) await job.updateProgress({ phase, done: hostile, total: -1, unit: hostile });
        else await job.updateProgress({ phase, done: 1, total: 2, unit: "bytes" });
        await finished;
      };
      workers.push(new Worker("checksum", work, { ...options, concurrency: 3 }));
      await parent.updateProgress({
        ...{ phase: "images", done: 3, total: 12, unit: "images" },
        ...{ bytesDone: 1_048_576, bytesTotal: 4_194_304, bytesPerSecond: 2_621_440, secondsLeft: 200 },
      });
      await watch.shows(/^checksum +0 +3 +0 +0 +1 /m);
      await watch.shows(/checksum-graph +3\/12 images +25 % +2\.5 MiB\/s +ETA 3m20s/);
      await watch.shows(/\\x1b\]0;title.* 50 %/);
      await watch.shows(/LAST FAILURES\n.*failing/);
      await text.says(/3\/12 images 1\.0 MiB of 4\.0 MiB {2}2\.5 MiB\/s {2}ETA 3m20s/);
      await text.says(/working 1 B of 2 B/);
    } finally {
      finish();
      for (const worker of workers) await worker.close();
      await queue.close();
      await flows.close();
      options.connection.disconnect();
      watch.type("\u0003");
    }
    expect(await watch.ended).toBe(130);
    for (const said of [watch.output(), (await text.stop()).stdout])
      for (const control of ["\u001b]", "\u0007", "\u009b"]) expect(said).not.toContain(control);
  });

  it("shows who helps to compress, once somebody does", async () => {
    const graph = "helped";
    const args = ["jobs", "--watch", "--redis", redis.url, "--graph", graph];
    const [watch, narrow] = [100, 40].map((columns) => startOnTerminal(args, { columns, rows: 20 }));
    if (watch === undefined || narrow === undefined) throw new Error("there are two");
    await watch.shows(/^mount +0/m);
    expect(watch.screen.lines().join("\n")).not.toContain("compressors");
    const client = new Redis(redis.url, { maxRetriesPerRequest: null });
    const queue = new Queue("compress", { connection: client, prefix: keyPrefix(graph) });
    await tellOfCompressor(client, graph, "a");
    await tellOfCompressor(client, graph, "b", { slots: { total: 12, busy: 5 } });
    await queue.add("compress", {});
    await watch.shows(/^mount .*\ncompressors 2 {2}slots 8\/16 {2}blocks waiting 1$/m);
    await client.set(compressorKeys(graph).refusal("b"), "it made other bytes");
    await watch.shows(/^compressors 2 {2}slots 8\/16 {2}blocks waiting 1 {2}shut out 1$/m);
    await narrow.shows(/^compressors 2 {2}slots 8\/16 {2}blocks/m);
    await queue.close();
    client.disconnect();
    for (const each of [watch, narrow]) {
      each.type("\u0003");
      expect(await each.ended).toBe(130);
    }
  });

  it("Ctrl-Z gives the terminal back to the shell, which draws it anew when it goes on", async ({
    expect,
  }) => {
    const watch = startOnTerminal(["jobs", "--watch", "--redis", redis.url, "--graph", "stopped"], {
      columns: 80,
      rows: 20,
    });
    await watch.shows(/^mount +0/m);
    watch.type("\u001a");
    // script(1) stops with its child, and takes it along when it goes on.
    await expect.poll(() => readFileSync(`/proc/${watch.pid}/stat`, "utf8")).toMatch(/^\d+ \(script\) T /);
    process.kill(watch.pid, "SIGCONT");
    const [taken, given] = ["\u001b[?1049h", "\u001b[?1049l"];
    await expect.poll(() => watch.output().split(taken).length).toBe(3);
    const [, first, second] = watch.output().split(taken);
    expect(first).toContain(`^Z\u001b[?25h${given}`);
    expect(second).not.toContain(given);
    watch.type("\u0003");
    expect(await watch.ended).toBe(130);
  });
});
