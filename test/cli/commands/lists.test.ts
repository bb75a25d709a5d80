// The lists of the command line on real terminals, narrow and wide, and in the forms that programs read.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { columnsOf } from "../../../src/cli/terminal/columns.js";
import { keyPrefix } from "../../../src/jobs/index.js";
import { openProducer } from "../../../src/producer/index.js";
import { runCommand } from "../../support/processes/command.js";
import { startOnTerminal } from "../../support/processes/screen.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const graph = "lists";
const hex = (digit: string) => digit.repeat(64);
const monstrous = `${"日本語 ".repeat(40)}${"👨‍👩‍👧e\u0301".repeat(40)}\u001b[2J\u202e\nline\t${"x".repeat(900)}`;
const longName = `registry.example:5000/${"team/".repeat(40)}web:${"1".repeat(100)}`;
const failure = "NO_SPACE: the disk is full";
let redis: TestDatabase;
let root: string;

/** A chain that is deeper than any terminal is wide, a fork at each level, and what people and others write. */
beforeAll(async () => {
  root = await scratch.fresh();
  let parent: string | undefined;
  for (let level = 0; level < 70; level++) {
    const id = level === 0 ? hex("a") : `${String(level).padStart(12, "0")}${hex("b").slice(12)}`;
    addImage({ id, parent, comment: level % 9 === 0 ? monstrous : "short", created: "2013-05-02T15:18:33Z" });
    addImage({ id: `fork-${level}-${"f".repeat(100)}`, parent: id, created: monstrous });
    parent = id;
  }
  const [repository = "", tag = ""] = longName.split(/:(?=1)/);
  writeFileSync(
    join(root, "repositories"),
    JSON.stringify({ Repositories: { web: { v1: hex("a") }, [repository]: { [tag]: parent } } }),
  );
  for (const [mountId, target] of [
    ["0123456789abcdef", "/srv/web"],
    ["fedcba9876543210", `/srv/${"deep/".repeat(60)}日本語\nend`],
  ] as const) {
    const own = join(root, "mounts", mountId);
    mkdirSync(own, { recursive: true });
    writeFileSync(
      join(own, "mount.json"),
      JSON.stringify({
        ...{ mountId, images: [{ id: hex("a"), inode: "1" }], driver: "overlay", target, isWritable: true },
        ...{ madeTarget: true, owner: "1-1", host: "h".repeat(64), createdAt: "2026-01-01T00:00:00Z" },
      }),
    );
  }
  redis = await openDatabase();
  const producer = openProducer({ redis: redis.url, graph });
  await producer.enqueue("checksum", { id: hex("a") });
  await producer.enqueue("verify", { id: hex("a") }, { delayMs: 7_200_000 });
  await producer.close();
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  const queue = new Queue("store", { connection, prefix: keyPrefix(graph) });
  await queue.add(monstrous, { id: monstrous }, { jobId: `hostile-${"i".repeat(300)}` });
  const failing = await queue.add("store", { image: { id: "a" }, source: { path: "/srv/a.tar" } });
  await connection.lrem(queue.toKey("wait"), 1, failing.id ?? "");
  await connection.zadd(queue.toKey("failed"), Date.now(), failing.id ?? "");
  await connection.hset(queue.toKey(failing.id ?? ""), {
    ...{ failedReason: `${failure} ${monstrous}`, finishedOn: Date.now(), atm: 3 },
  });
  await queue.close();
  connection.disconnect();
  for (const at of [1, 2]) {
    const args = [
      "schedule",
      "verify-graph",
      "--cron",
      "0 3 * * *",
      "--id",
      `nightly-${at}${"n".repeat(100)}`,
    ];
    expect((await runCommand([...args, ...queues()], { root })).code).toBe(0);
  }
});
afterAll(() => redis[Symbol.asyncDispose]());

const queues = () => ["--redis", redis.url, "--graph", graph];
const commands: readonly (readonly [string, () => readonly string[], string])[] = [
  ["images", () => [], "NAMES"],
  ["tree", () => [], ""],
  ["history", () => [`fork-69-${"f".repeat(100)}`], "IMAGE"],
  ["mounts", () => [], "IMAGE"],
  ["jobs", queues, "NAME"],
  ["schedules", queues, "ID"],
];

function addImage({ id, ...record }: Record<string, string | undefined>): void {
  const directory = join(root, "graph", id ?? "");
  mkdirSync(join(directory, "layer"), { recursive: true });
  writeFileSync(join(directory, "json"), JSON.stringify({ id, ...record }));
  writeFileSync(
    join(directory, "layer.json"),
    JSON.stringify({ layerBytes: 1_500_000, entries: 1, whiteouts: 0 }),
  );
}

/** What a command writes to a terminal of that width, line by line, and the lines as the terminal shows them. */
async function onTerminal(columns: number, args: readonly string[]) {
  const command = startOnTerminal([...args, "--root", root, "--quiet"], { columns, rows: 40 });
  expect(await command.ended).toBe(0);
  const written = Buffer.from(command.output(), "latin1").toString("utf8").trimEnd().split("\r\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are such sequences
  const lines = written.map((line) => line.replaceAll(/\u001b\[\d+m/g, ""));
  return { lines, shown: command.screen.history() };
}

describe.each([60, 80, 120, 200])("on a terminal of %d columns", (columns) => {
  it("no list breaks a line, and each begins with what people look for", async () => {
    const seen = await Promise.all(
      commands.map(async ([name, args, heading]) => {
        const { lines, shown } = await onTerminal(columns, [name, ...args()]);
        return { name, heading, lines, shown };
      }),
    );
    for (const { name, heading, lines, shown } of seen) {
      // A line that the terminal wrapped would be two.
      expect([name, shown.length]).toEqual([name, lines.length]);
      for (const line of lines) expect([name, line, columnsOf(line) <= columns]).toEqual([name, line, true]);
      expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(lines[0]).toBe("before");
      if (heading !== "") expect(lines[1]).toMatch(new RegExp(`^${heading} `));
    }
    const of = (name: string) => seen.find((one) => one.name === name)?.lines.slice(1) ?? [];
    expect(of("images")).toHaveLength(141);
    expect(of("images").join("\n")).toMatch(/^web:v1 +a{12} +\d+y +1\.4 MiB/m);
    expect(of("tree")[0]).toMatch(/^a{12} +web:v1 +1\.4 MiB/);
    expect(of("tree").join("\n")).toMatch(/^\(\d\d\) .*└─ fork-\d+-f+/m);
    expect(of("mounts").join("\n")).toMatch(/^web:v1 +0123456789ab +elsewhere .* \/srv\/web$/m);
    expect(of("mounts").join("\n")).toMatch(/…\S*日本語\\x0aend$/m);
    expect(of("jobs").join("\n")).toMatch(/^checksum +a+…? +waiting/m);
    expect(of("jobs").join("\n")).toMatch(/^store .*failed .* NO_SPACE/m);
  });
});

it("--no-trunc shows ids and texts whole, on a terminal too", async () => {
  const { lines } = await onTerminal(60, ["images", "--no-trunc"]);
  expect(lines.join("\n")).toMatch(new RegExp(`^web:v1 +${hex("a")} +2013-05-02T15:18:33Z`, "m"));
  expect(lines.join("\n")).toContain(longName);
  expect(Math.max(...lines.map(columnsOf))).toBeGreaterThan(1_000);
});

describe("elsewhere than on a terminal", () => {
  it("ids are short, nothing else is cut, and no column is left out", async () => {
    const { stdout } = await runCommand(["images"], { root });
    expect(stdout).toMatch(/^NAMES +ID +AGE +SIZE +PARENT +CHECKSUM +COMMENT\n/);
    expect(stdout).toMatch(/^web:v1 +a{12} +\d+y +1\.4 MiB +- +- +日本語.*x{900}$/m);
    expect(stdout).toContain(`${longName}  000000000069`);
    expect(stdout).not.toContain("…");
  });

  it("says why a job waits", async () => {
    const { stdout } = await runCommand(["jobs", ...queues()], { root });
    expect(stdout).toMatch(/^NAME +ABOUT +STATE +AGE +TRIES +QUEUE +ID +FAILURE\n/);
    expect(stdout).toMatch(/^checksum +a{12} +waiting \(no worker\) +\d+s +0 +checksum +[\w-]{12}$/m);
    expect(stdout).toMatch(/^verify +a{12} +delayed \(due in (2h00m|1h\d+m)\) /m);
    expect(stdout).toMatch(/^store +a +failed +\d+s +3 +store +\d+ +NO_SPACE: the disk is full /m);
  });
});

describe("--format", () => {
  it.each(commands)(
    "of %s prints the document of --json, ids for xargs, or the table",
    async (name, args) => {
      const run = (...flags: string[]) => runCommand([name, ...args(), ...flags], { root });
      const [json, asked, ids, table, plain] = await Promise.all([
        run("--json"),
        run("--format", "json"),
        run("--format", "ids"),
        run("--format", "table"),
        run(),
      ]);
      expect(asked.json).toEqual(json.json);
      const idOf = (item: { id: string; mountId?: string }) => item.mountId ?? item.id;
      expect(ids.stdout).toBe(`${json.json.map(idOf).join("\n")}\n`);
      expect(table.stdout).toBe(plain.stdout);
      expect([ids.code, table.code, json.json.length > 1]).toEqual([0, 0, true]);
    },
  );

  it.each([
    [["images", "--format", "yaml"], /--format .*yaml.*table, json, ids/],
    [["images", "--json", "--format", "table"], /--json and --format table contradict each other/],
    [["tree", "--format", "ids", "--json"], /--json and --format ids contradict each other/],
    [["jobs", "--watch", "--format", "ids"], /--watch goes with --state alone/],
    [["jobs", "--watch", "--no-trunc"], /--watch goes with --state alone/],
  ] as const)("refuses %j", async (args, told) => {
    const { code, stderr, json } = await runCommand(args, { root });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(told) });
    if (args.some((arg) => arg === "--json")) expect(json.error.code).toBe("INVALID_OPTION");
  });
});

describe("colours", () => {
  const run = (args: readonly string[], env: Record<string, string> = {}) => runCommand(args, { root, env });
  it("are shown where they are asked for, and never in JSON", async () => {
    const jobs = ["jobs", ...queues()];
    const bold = "\u001b[1mNAME\u001b[22m";
    const red = "\u001b[31mfailed\u001b[39m";
    for (const [args, env] of [
      [[...jobs, "--color", "always"], { NO_COLOR: "1" }],
      [jobs, { FORCE_COLOR: "1" }],
    ] as const) {
      const { stdout } = await run(args, env);
      expect(stdout).toContain(bold);
      expect(stdout).toContain(red);
    }
    const plain = await Promise.all([
      run(jobs),
      run(jobs, { NO_COLOR: "1", FORCE_COLOR: "1" }),
      run([...jobs, "--color", "never"], { FORCE_COLOR: "1" }),
      run([...jobs, "--json", "--color", "always"]),
      run([...jobs, "--format", "ids", "--color", "always"]),
      run(["inspect", "nobody", "--json", "--color", "always"]),
    ]);
    for (const { stdout, stderr } of plain) expect(stdout + stderr).not.toContain("\u001b");
    const error = await run(["inspect", "nobody", "--color", "always"]);
    expect(error.stderr).toContain("stevedore: \u001b[31mIMAGE_NOT_FOUND\u001b[39m: ");
    expect(await run(["images", "--color", "green"])).toMatchObject({ code: 2 });
  });

  it("are shown on a terminal, and take no columns", async () => {
    const { ended, output } = startOnTerminal(["jobs", ...queues(), "--root", root], {
      columns: 80,
      rows: 20,
    });
    expect(await ended).toBe(0);
    expect(output()).toContain("\u001b[31mfailed\u001b[39m");
  });
});
