// A hundred thousand jobs that wait: how long it takes to list the newest, and to find out that none is the one that is
// looked for; and for how long Redis does nothing else meanwhile.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { openProducer } from "../../src/producer/index.js";
import { type Dock, peakMemoryOf, startProcess } from "../dock.js";
import { inTurn, median, type Row, timed } from "../row.js";
import { binary } from "../stevedore.js";

const jobs = 100_000;
const bulk = 5_000;
const rounds = 9;
/** Nobody serves it. */
const graph = "listing";

export async function measureListing({ redis, root }: Dock): Promise<Row[]> {
  const args = ["--redis", redis, "--root", root, "--graph", graph];
  const producer = openProducer({ redis, graph });
  for (let at = 0; at < jobs; at += bulk) {
    const ids = Array.from({ length: bulk }, (_, n) => `${"a".repeat(58)}${at + n}`);
    await producer.enqueueAll(ids.map((id) => ({ name: "checksum", data: { id } })));
  }
  await producer.close();
  await using server = await startProcess([binary, "server", "--listen", "0", ...args], {
    ready: "listening on",
  });
  const url = `${/http:\/\/[^ ]+/.exec(server.said)?.[0] ?? ""}/api/v1/jobs`;
  const connection = new Redis({ path: redis });
  await connection.config("SET", "slowlog-log-slower-than", "1000");
  const find = (query: string) => async () => {
    const { jobs: found, next } = (await (await fetch(`${url}?${query}`)).json()) as {
      readonly jobs: readonly unknown[];
      readonly next: string | null;
    };
    if (found.length > 0 || next !== null) throw new Error(`${query}: ${found.length} jobs, next ${next}`);
  };
  await find("name=none")();
  await connection.call("SLOWLOG", "RESET");
  // The peer is what a client needs to read the fields by itself: the same work without our script.
  const peer = () => timed(() => readFields(connection));
  const byName = await inTurn(rounds, () => timed(find("name=none")), peer);
  const byImage = await inTurn(rounds, () => timed(find("image=none")), peer);
  const slow = (await connection.call("SLOWLOG", "GET", "1000")) as [number, number, number, string[]][];
  const scripts = slow.filter(([, , , [command]]) => command?.toLowerCase() === "eval");
  const longest = Math.max(...scripts.map(([, , microseconds]) => microseconds)) / 1_000;
  connection.disconnect();
  const listings = [];
  for (let round = 0; round < rounds; round++) listings.push(await listOnce(args));
  const on = `${jobs} waiting jobs`;
  const row = (what: string, ours: number, unit: string, atMost: number): Row => ({
    ...{ what, against: "-", on, ours, peer: null, unit, value: ours, target: { atMost } },
  });
  const found = (what: string, { ours, peer }: { ours: number; peer: number }): Row => ({
    ...row(what, ours, "ms", 200),
    ...{ against: "HGET of a field of each, pipelined", peer },
  });
  return [
    row("stevedore jobs", median(listings.map(({ ms }) => ms)), "ms", 1_000),
    row("peak memory of stevedore jobs", Math.max(...listings.map(({ memory }) => memory)), "MiB", 120),
    found("GET /api/v1/jobs?name= without a match", byName),
    found("GET /api/v1/jobs?image= without a match", byImage),
    row("the longest script of these", longest, "ms", 30),
  ];
}

async function listOnce(args: readonly string[]): Promise<{ readonly ms: number; readonly memory: number }> {
  let memory = 0;
  const ms = await timed(async () => {
    const child = spawn(process.execPath, [binary, "jobs", "--quiet", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { PATH: process.env.PATH },
    });
    const timer = setInterval(() => {
      try {
        memory = Math.max(memory, peakMemoryOf(child.pid ?? 0) / 1024 ** 2 || 0);
      } catch {
        // It has ended.
      }
    }, 5);
    const [code] = await once(child, "close");
    clearInterval(timer);
    if (code !== 0) throw new Error(`stevedore jobs ended with ${code}`);
  });
  return { ms, memory };
}

async function readFields(connection: Redis): Promise<void> {
  const prefix = `{stevedore:${graph}}:checksum:`;
  const ids = await connection.lrange(`${prefix}wait`, 0, -1);
  for (let at = 0; at < ids.length; at += bulk) {
    const asked = connection.pipeline();
    for (const id of ids.slice(at, at + bulk)) asked.hget(prefix + id, "name");
    await asked.exec();
  }
}
