// What the HTTP fuzz works on: a Redis, a worker and a server as processes of their own, on a graph of a few images.
import { mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { openGraph } from "../../../src/graph/index.js";
import { isJobName, type JobName, keyPrefix, parseJobData, queueNames } from "../../../src/jobs/index.js";
import { openProducer, type Producer } from "../../../src/producer/index.js";
import type { OpenApiDocument } from "../../../src/server/openapi/components.js";
import type { StevedoreError } from "../../../src/terms/error.js";
import { addImage } from "../../support/images/made-images.js";
import { mountedBelow, unmountBelow } from "../../support/mounts/mounted.js";
import { type Running, startStevedore } from "../../support/processes/stevedore.js";
import { startRedis } from "../../support/redis/redis-server.js";
import { until } from "../../support/until.js";
import type { Caller } from "./requests.js";

export interface Scene extends AsyncDisposable {
  readonly url: string;
  readonly document: OpenApiDocument;
  readonly root: string;
  /** Ids of the images it began with. */
  readonly images: readonly string[];
  /** What shows that somebody is who they are. */
  credentials(caller: Caller): Readonly<Record<string, string>>;
  /** Brings back the images that jobs have deleted. */
  replenish(): Promise<void>;
  /** The server's resident memory, in bytes. */
  memory(): number;
  /** What the server has told since it was last asked, of faults of its own. */
  complaints(): readonly string[];
  /** What is wrong now that the requests are over: nothing, or one line for each thing. */
  faults(): Promise<string[]>;
}

/** What the server's heap may take: one that leaks does not live long. */
const heapMebibytes = 128;

const tokens = { full: "fuzz-full-0123456789abcdef", read: "fuzz-read-0123456789abcdef" };

/** Sets one up. Whatever the jobs do they do below a directory of its own, which goes with it. */
export async function openScene(): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), "stevedore-fuzz-http-"));
  const redis = await startRedis();
  const running: Running[] = [];
  const leave = async () => {
    for (const { stop } of running.reverse()) await stop();
    await redis[Symbol.asyncDispose]();
    unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const root = join(directory, "root");
    mkdirSync(root);
    const images = await addImages(root);
    const env = { STEVEDORE_TOKEN: tokens.full, STEVEDORE_READ_TOKEN: tokens.read };
    const options = { root, env };
    const common = ["--redis", redis.url, "--json"];
    const worker = startStevedore(["worker", ...common, "--allow-squash", "--grace", "0"], options);
    running.push(worker);
    const serving = ["server", ...common, "--listen", "127.0.0.1:0", "--rate-limit", "1000000"];
    const server = startStevedore([...serving, "--max-upload-bytes", "1000000"], {
      root,
      env: { ...env, NODE_OPTIONS: `--max-old-space-size=${heapMebibytes}` },
    });
    running.push(server);
    await Promise.all([worker.says(/ serving /), server.says(/"url":"[^"]+"/)]);
    const [, url = ""] = /"url":"([^"]+)"/.exec(server.output()) ?? [];
    let heard = 0;
    return {
      ...{ url, root, images },
      document: (await (await fetch(`${url}/api/openapi.json`)).json()) as OpenApiDocument,
      replenish: () => addImages(root).then(() => undefined),
      credentials: (caller) => credentialsOf(caller),
      memory: () => residentMemory(server.process.pid),
      complaints() {
        const told = server.output().slice(heard);
        heard = server.output().length;
        // A stack, or an answer that is not as documented.
        return told.split(/\n(?=\S)/).filter((line) => /\n\s+at |is not as documented/.test(line));
      },
      faults: async () => [
        ...(await faultsOf(running, url)),
        ...(await faultsOfJobs(redis.url)),
        ...mountedBelow(directory)
          .filter(({ target }) => !target.startsWith(join(root, "mounts/")))
          .map(({ target }) => `something is mounted on ${target}`),
      ],
      [Symbol.asyncDispose]: leave,
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

/** A small forest: two roots, a chain, a fork. */
async function addImages(root: string): Promise<string[]> {
  const graph = await openGraph(root, { create: true });
  try {
    const parents: Record<string, string | undefined> = {
      base: undefined,
      left: "base",
      right: "base",
      leaf: "left",
      alone: undefined,
    };
    for (const [id, parent] of Object.entries(parents)) {
      const comment = `<b>${id}</b>`;
      const fields = { id, comment, ...(parent !== undefined && { parent }) };
      await addImage(graph, fields, { [id]: id }).catch((error: StevedoreError) => {
        if (error.code !== "IMAGE_EXISTS") throw error;
      });
    }
    return Object.keys(parents);
  } finally {
    await graph.close();
  }
}

function credentialsOf(caller: Caller): Record<string, string> {
  if (caller === "nobody") return {};
  const token = caller === "stranger" ? "no-such-token-0123456789" : tokens[caller];
  return { authorization: `Bearer ${token}` };
}

function residentMemory(pid: number | undefined): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}

async function faultsOf(running: readonly Running[], url: string): Promise<string[]> {
  const dead = running.filter(({ process }) => process.exitCode !== null || process.signalCode !== null);
  if (dead.length > 0) return dead.map(({ output }) => `a process has ended: ${output().slice(-2_000)}`);
  const { status } = await fetch(`${url}/healthz`);
  return status === 200 ? [] : [`/healthz answers ${status}`];
}

/** Jobs move while they are looked at: what is wrong is so when nothing moves any more. */
async function faultsOfJobs(url: string): Promise<string[]> {
  const producer = openProducer({ redis: url });
  const redis = new Redis(url);
  try {
    // The next runs of schedules would wait for ever, and so would what waits in a queue that is paused, or is put off.
    for (const { id } of await producer.schedules()) await producer.unschedule(id);
    for (const queue of await producer.paused()) await producer.resume(queue);
    await producer.removeAll({ state: "delayed" });
    await until("jobs still wait or run", async () => {
      const counts = await producer.counts();
      const moving = queueNames.map((queue) => {
        const { completed: _, failed: __, ...others } = counts[queue];
        return Object.values(others).reduce((sum, count) => sum + count, 0);
      });
      return moving.every((count) => count === 0);
    });
    return await faultsOfRecords(producer, redis);
  } finally {
    redis.disconnect();
    await producer.close();
  }
}

/** Every job in Redis is whole: its hash has a name and data of the contract, and it is in exactly one state. */
async function faultsOfRecords(producer: Producer, redis: Redis): Promise<string[]> {
  const faults: string[] = [];
  const prefix = keyPrefix("default");
  const listed = new Map<string, number>();
  for await (const { queue, id } of producer.jobs()) {
    const key = `${prefix}:${queue}:${id}`;
    listed.set(key, (listed.get(key) ?? 0) + 1);
  }
  for (const [key, count] of listed) if (count > 1) faults.push(`the job ${key} is in ${count} states`);
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, type: "hash", count: 1_000 })) {
    for (const key of keys as string[]) {
      const { name, data } = await redis.hgetall(key);
      if (name === undefined && data === undefined) continue;
      if (!listed.has(key)) faults.push(`the job ${key} is in no state`);
      else faults.push(...faultsOfData(key, name, data));
    }
  }
  return faults;
}

function faultsOfData(key: string, name = "", data = ""): string[] {
  if (!isJobName(name)) return [`the job ${key} has the name ${JSON.stringify(name)}`];
  try {
    parseJobData(name as JobName, JSON.parse(data));
    return [];
  } catch (error) {
    return [`the data of the job ${key} is not that of a ${name}: ${(error as Error).message}`];
  }
}
