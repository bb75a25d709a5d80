// --notify: a command whose jobs are told of, and a worker that is killed while it tells.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openProducer } from "../../src/producer/index.js";
import { startReceiver } from "../support/http/receiver.js";
import { runCommand } from "../support/processes/command.js";
import { startStevedore } from "../support/processes/stevedore.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
let redis: TestDatabase;

beforeAll(async () => {
  redis = await openDatabase();
});
afterAll(() => redis[Symbol.asyncDispose]());

async function workerFlags(host: string): Promise<string[]> {
  const file = join(await scratch.fresh(), "secret");
  writeFileSync(file, `whsec_${Buffer.alloc(32, 7).toString("base64")}\n`, { mode: 0o600 });
  return ["--allow-notify", host, "--notify-secret-file", file, "--allow-private-addresses"];
}

it("a job of the command line is told of, and stevedore job shows that", async () => {
  await using receiver = await startReceiver();
  const root = await scratch.fresh();
  const named = ["--redis", redis.url, "--graph", "told", "--root", root];
  const worker = startStevedore(["worker", ...(await workerFlags(receiver.host)), ...named]);
  await worker.says(/serving /);
  const asked = ["--notify", `${receiver.url}/hook`, "--notify-events", "failed"];
  expect((await runCommand(["checksum", "no-such-image", ...asked, ...named])).code).toBe(1);
  const [got] = await receiver.until(1);
  expect(got).toMatchObject({ path: "/hook", json: { name: "checksum", state: "failed" } });
  await expect
    .poll(async () => (await runCommand(["job", got?.json.id, "--json", ...named])).json.notify)
    .toMatchObject([{ url: `${receiver.url}/hook`, events: ["failed"], state: "delivered" }]);
  expect((await worker.stop()).code).toBe(0);
});

it.each([
  ["a URL that is none", ["--notify", "files.example"], "--notify"],
  ["an end that is none", ["--notify", "http://a.example", "--notify-events", "done"], "--notify-events"],
  ["ends without a URL", ["--notify-events", "failed"], "--notify"],
])("is wrong usage with %s", async (_what, flags, named) => {
  const { code, stderr } = await runCommand(["rm", "a", ...flags, "--root", await scratch.fresh()]);
  expect(code).toBe(2);
  expect(stderr).toContain(named);
});

it("every job is told of though the worker is killed again and again", async () => {
  await using receiver = await startReceiver();
  const root = await scratch.fresh();
  const flags = await workerFlags(receiver.host);
  const start = async () => {
    const worker = startStevedore(["worker", ...flags, "--redis", redis.url, "--graph", "killed"], {
      root,
      env: { STEVEDORE_INTERNAL_LOCK_MS: "2000" },
    });
    await worker.says(/serving /);
    return worker;
  };
  const producer = openProducer({ redis: redis.url, graph: "killed" });
  const jobs = await producer.enqueueAll(
    Array.from({ length: 300 }, (_, at) => ({
      ...({ name: "checksum", data: { id: `no-such-image-${at}` } } as const),
      notify: { url: receiver.url },
    })),
  );
  const told = () => new Set(receiver.received.map(({ json }) => json.id));
  for (let kills = 0, seen = 0; kills < 3; kills++) {
    const worker = await start();
    // In the middle of it: some jobs have ended, and some of these are told of.
    seen = (await receiver.until(seen + 20)).length;
    await worker.stop("SIGKILL");
  }
  const worker = await start();
  await expect.poll(() => told().size, { timeout: 120_000 }).toBe(jobs.length);
  expect(told()).toEqual(new Set(jobs.map(({ id }) => id)));
  // What came twice came under the same id.
  const ids = new Map(receiver.received.map(({ json, headers }) => [headers["webhook-id"], json.id]));
  expect(ids.size).toBe(jobs.length);
  await worker.stop();
  await producer.close();
});
