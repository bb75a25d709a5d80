// Compressors that help a worker, as processes that are killed and stopped, and through a cluster and sentinels.
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compressorKeys, payloadKey, payloadKeys } from "../../../src/jobs/index.js";
import { shellLine } from "../../../src/layer/index.js";
import { openPayloads } from "../../../src/redis/index.js";
import { startCompressor } from "../../../src/worker/index.js";
import { type Dock, openDock, runJob } from "../../support/dock.js";
import { writeSingleFileImage } from "../../support/images/single-file-image.js";
import { quickLockEnvironment } from "../../support/processes/quick-locks.js";
import { shell } from "../../support/processes/shell.js";
import { type Running, startStevedore } from "../../support/processes/stevedore.js";
import { leftOf } from "../../support/redis/block-queue.js";
import { startForeignCompressor } from "../../support/redis/foreign-compressor.js";
import { startCluster } from "../../support/redis/redis-cluster.js";
import { startSentinel } from "../../support/redis/redis-sentinel.js";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import { until } from "../../support/until.js";

const blockSize = 8 * 1024 * 1024;
/** What keeps xz-1 at each block for a moment: most of its time goes into what cannot be compressed. */
const content = Buffer.concat(
  Array.from({ length: 6 }, () =>
    Buffer.concat([randomBytes(blockSize / 4), Buffer.alloc((3 * blockSize) / 4)]),
  ),
);

const users = readFileSync(join(import.meta.dirname, "../../../docs/redis.md"), "utf8");
/** The lines of an ACL file that docs/redis.md says are enough, for all graphs. */
const documented = (name: string) =>
  new RegExp(`^user (${name} on .*)$`, "m")
    .exec(users)?.[1]
    ?.replaceAll("GRAPH", "*")
    .replace("PASSWORD", "pass") as string;

let redis: TestRedis;
let dock: Dock & AsyncDisposable;
beforeAll(async () => {
  redis = await startRedis();
  dock = await openDock(redis);
});
afterAll(() => dock[Symbol.asyncDispose]());

/** The checksum that the documented line of shell gives of an image. */
async function checksumByShell(root: string, id: string): Promise<string> {
  const line = shellLine("xz-1", { imageDirectory: join(root, "graph", id) });
  return `sha256:${(await shell(line)).toString().split(" ")[0]}`;
}

/** Starts compressors as processes, one thread each. */
async function startProcesses(graph: string, count: number): Promise<Running[]> {
  const started = Array.from({ length: count }, (_, at) =>
    startStevedore(
      ["compressor", "--redis", redis.url, "--graph", graph, "--threads", "1", "--host", `helper-${at}`],
      {
        env: quickLockEnvironment,
      },
    ),
  );
  await Promise.all(started.map((each) => each.says(/ compressing for graph /)));
  return started;
}

/** Runs the checksum of a layer while two compressors help, of which something may happen to one. */
async function helped(happen: (victim: Running) => Promise<void>) {
  await dock.serving(
    async ({ producer, root, graphName }) => {
      writeSingleFileImage(root, "large", content);
      const [victim, other] = (await startProcesses(graphName, 2)) as [Running, Running];
      const client = new Redis(redis.url);
      try {
        const job = await producer.enqueue("checksum", { id: "large", recipe: "xz-1" });
        const active = `{stevedore:${graphName}}:compress:active`;
        await until("no block is away", async () => (await client.llen(active)) > 0);
        await happen(victim);
        const result = await producer.wait(job);
        expect(result).toMatchObject({
          checksum: await checksumByShell(root, "large"),
          blocks: { total: 7 },
        });
        expect(result.blocks?.remote).toBeGreaterThan(0);
        await until("something is left in Redis", async () => {
          const left = await leftOf(client, graphName);
          return left.length === 0;
        });
      } finally {
        client.disconnect();
        for (const each of [victim, other]) await each.stop("SIGKILL");
      }
    },
    { threads: 1 },
  );
}

describe("two compressors help a worker", () => {
  it("to the checksum that the line of shell gives", () => helped(async () => {}));

  it("of which one is killed", () => helped(async (victim) => void (await victim.stop("SIGKILL"))));

  it("of which one is stopped, so that it neither answers nor ends", () =>
    helped(async (victim) => void victim.process.kill("SIGSTOP")));

  it("of which one is told to end", () =>
    helped(async (victim) => {
      expect((await victim.stop()).code).toBe(0);
    }));
});

/** Lets one compressor, as its own user, help a worker. */
async function helpedThrough(
  server: AsyncDisposable & { readonly url: string },
  worker: string,
  compressor: string,
) {
  await using own = await openDock(server, worker);
  const log: string[] = [];
  await own.serving(
    async ({ producer, root, graphName }) => {
      writeSingleFileImage(root, "large", content.subarray(0, 5 * blockSize));
      const helper = await startCompressor({ redis: compressor, graphs: [graphName], threads: 2 });
      const result = await runJob(producer, "checksum", { id: "large", recipe: "xz-1" });
      expect({ log, ...result }).toMatchObject({ log: [], checksum: await checksumByShell(root, "large") });
      expect(result.blocks?.remote).toBeGreaterThan(0);
      await helper.close();
    },
    { threads: 1, log: (line, { level } = {}) => level !== undefined && log.push(line) },
  );
}

describe.concurrent("a compressor helps", () => {
  it("through a cluster of three, on all of whose nodes the blocks lie, by the users that are documented", async () => {
    const forCluster = "+cluster|slots";
    const names = ["stevedore", "compressor"];
    const cluster = await startCluster({
      password: "all",
      users: names.map((name) => `${documented(name)} ${forCluster}`),
    });
    const [worker = "", compressor = ""] = names.map((name) => cluster.urlOf(name, "pass"));
    await helpedThrough(
      {
        url: worker,
        async [Symbol.asyncDispose]() {
          const payloads = openPayloads(worker, "");
          const tokens = Array.from({ length: 40 }, () => randomBytes(16).toString("hex"));
          for (const key of tokens.map((token) => payloadKeys(payloadKey("any", token)).input)) {
            await payloads.set(key, Buffer.from(key), 60_000);
            expect((await payloads.get(key))?.toString()).toBe(key);
          }
          payloads.close();
          for (const node of cluster.nodes) expect(await node.command("DBSIZE")).toBeGreaterThan(3);
          for (const node of cluster.nodes) expect(await node.command("ACL", "LOG")).toEqual([]);
          await cluster[Symbol.asyncDispose]();
        },
      },
      worker,
      compressor,
    );
  });

  it("through Sentinel", async () => {
    const sentinel = await startSentinel({ password: "p&w", sentinelPassword: "s&w" });
    await helpedThrough(sentinel, sentinel.url, sentinel.url);
  });

  it("over TLS, each side with its own certificate", async () => {
    const server = await startRedis({ tls: true });
    await helpedThrough(server, server.url, server.url);
  });

  it("by a user who may see and enqueue no other job", async () => {
    await using server = await startRedis({
      password: "all",
      users: ["stevedore", "compressor"].map(documented),
    });
    const [worker, compressor] = ["stevedore", "compressor"].map((name) => server.urlOf(name, "pass")) as [
      string,
      string,
    ];
    await helpedThrough({ url: worker, async [Symbol.asyncDispose]() {} }, worker, compressor);
    expect(await server.command("ACL", "LOG")).toEqual([]);
    const client = new Redis(compressor);
    await expect(client.lpush("{stevedore:default}:store:wait", "1")).rejects.toThrow(/NOPERM/);
    await expect(client.hgetall("{stevedore:default}:checksum:1")).rejects.toThrow(/NOPERM/);
    client.disconnect();
  });
});

it("a failover while blocks are away costs no checksum", async () => {
  const sentinel = await startSentinel();
  await using own = await openDock(sentinel, sentinel.url);
  await own.serving(
    async ({ producer, root, graphName }) => {
      writeSingleFileImage(root, "large", content);
      const helper = await startCompressor({ redis: sentinel.url, graphs: [graphName], threads: 2 });
      const job = await producer.enqueue("checksum", { id: "large", recipe: "xz-1" });
      const active = `{stevedore:${graphName}}:compress:active`;
      await until("no block is away", async () =>
        Boolean(await (await sentinel.master()).command("LLEN", active)),
      );
      await sentinel.replicated();
      await sentinel.failover();
      expect(await producer.wait(job)).toMatchObject({
        checksum: await checksumByShell(root, "large"),
        blocks: { total: 7 },
      });
      await helper.close();
    },
    { threads: 1 },
  );
});

it("a compressor of another version costs the layer a second reading, and not its checksum", () =>
  dock.serving(
    async ({ producer, root, graphName }) => {
      writeSingleFileImage(root, "large", content);
      // At preset 0 it is quicker than the owner, who would take the blocks back.
      await using foreign = await startForeignCompressor(redis.url, graphName, async ({ honest, answer }) =>
        answer(await honest(0)),
      );
      const result = await runJob(producer, "checksum", { id: "large", recipe: "xz-1" });
      expect(foreign.taken()).toBeGreaterThan(0);
      expect(result).toMatchObject({
        checksum: await checksumByShell(root, "large"),
        blocks: { total: 7, remote: 0 },
      });
      const client = new Redis(redis.url);
      expect(await client.get(compressorKeys(graphName).refusal(foreign.id))).toMatch(
        /another than it must be/,
      );
      client.disconnect();
    },
    { threads: 1, checkedShare: 1 },
  ));

it("a compressor that is shut out ends, and says why", async () => {
  const graph = `g-${randomUUID()}`;
  const [process] = (await startProcesses(graph, 1)) as [Running];
  const client = new Redis(redis.url);
  const { ids, refusal } = compressorKeys(graph);
  const [id = ""] = await client.zrange(ids, "0", "-1");
  await client.set(refusal(id), "it made other bytes");
  client.disconnect();
  const { code, stderr } = await process.ended;
  // A code of its own: whoever restarts it must not restart this one.
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(/shut this compressor out: it made other bytes/),
  });
});
