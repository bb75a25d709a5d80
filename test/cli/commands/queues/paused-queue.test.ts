// A queue that somebody has paused, as the command line tells of it.
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyPrefix } from "../../../../src/jobs/index.js";
import { runCommand, startCommand } from "../../../support/processes/command.js";
import { startOnTerminal } from "../../../support/processes/screen.js";
import { openDatabase, type TestDatabase } from "../../../support/redis/shared-redis.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const graph = "paused";
let redis: TestDatabase;
let connection: Redis;
let queue: Queue;
let root: string;
beforeAll(async () => {
  root = await scratch.fresh();
  redis = await openDatabase();
  connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  queue = new Queue("checksum", { connection, prefix: keyPrefix(graph) });
  await queue.pause();
  await queue.add("checksum", { id: "a" }, { jobId: "job-a" });
});
afterAll(async () => {
  await queue.close();
  connection.disconnect();
  await redis[Symbol.asyncDispose]();
});

const args = () => ["--redis", redis.url, "--graph", graph];
const notice = "the queue checksum is paused: its jobs wait";

describe("a paused queue", () => {
  it("is told of by the list of jobs, which shows what waits there", async () => {
    const { stdout, stderr } = await runCommand(["jobs", ...args()], { root });
    expect(stderr).toContain(notice);
    expect(stdout).toMatch(/^checksum +a +waiting \(paused\) .* checksum +job-a$/m);
    const json = await runCommand(["jobs", "--json", ...args()], { root });
    expect(json.json).toMatchObject([{ id: "job-a", state: "waiting" }]);
    expect(json.stderr).toContain(notice);
  });

  it("is told of by whoever watches the queues, on a terminal and without", async () => {
    const watch = startCommand(["jobs", "--watch", ...args()], { root });
    await watch.says(/the queue checksum is paused: its jobs wait/);
    await watch.stop();
    const terminal = startOnTerminal(["jobs", "--watch", "--root", root, ...args()], {
      columns: 100,
      rows: 20,
    });
    await terminal.shows(/checksum \(paused\) +1 /);
    terminal.type("\x03");
    expect(await terminal.ended).toBe(130);
  });

  it("is told of by a command that waits for a job of it, and the job can be cancelled", async () => {
    const command = startCommand(["checksum", "b", ...args()], { root });
    await command.says(/the queue checksum is paused: its jobs wait/);
    await command.stop();
    const { code, stdout } = await runCommand(["cancel", "job-a", ...args()], { root });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "job-a\n" });
  });
});
