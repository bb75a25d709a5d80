// The whole work through a Redis Cluster, through Sentinel and through TLS; and what becomes of it when a server of
// theirs dies, is replaced or hangs.
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { type Dock, openDock, runJob, type ServedGraph } from "../support/dock.js";
import { writeSingleFileImage } from "../support/images/single-file-image.js";
import { stevedore } from "../support/processes/stevedore.js";
import { startCluster } from "../support/redis/redis-cluster.js";
import { makeCertificates } from "../support/redis/redis-security.js";
import { startSentinel } from "../support/redis/redis-sentinel.js";
import { startRedis } from "../support/redis/redis-server.js";

/** The line of an ACL file that docs/redis.md says is enough, for all graphs. */
const documentedUser = /^user (stevedore on .*)$/m
  .exec(readFileSync(join(import.meta.dirname, "../../docs/redis.md"), "utf8"))?.[1]
  ?.replaceAll("GRAPH", "*")
  .replace("PASSWORD", "pass/word") as string;
const forCluster = "+cluster|slots";

/** For what comes when it comes: the machine may be busy. */
const patience = { timeout: 90_000, interval: 100 };

/** Resolves when a job has told of its progress: it is at work. */
async function atWork(producer: Producer, job: Awaited<ReturnType<Producer["enqueue"]>>): Promise<void> {
  for await (const { progress } of producer.follow(job)) if (progress !== undefined) return;
}

/** Stores, checksums, verifies, mounts, cancels and counts, each by a job. */
async function everything({ redis, archive }: Dock, served: ServedGraph): Promise<void> {
  const { producer, root, graphName } = served;
  const stop = new AbortController();
  const events = await producer.events(stop.signal);
  await runJob(producer, "store", { image: { id: "base" }, layer: { path: archive } });
  expect(await runJob(producer, "checksum", { id: "base" })).toMatchObject({ layerBytes: 11, cached: false });
  expect(await runJob(producer, "verify", { id: "base" })).toMatchObject({ ok: true });
  const { value: told = [] } = await events.next();
  expect(told).toContainEqual(expect.objectContaining({ queue: "store", state: "completed" }));
  stop.abort();

  for (const id of ["a", "b", "c"]) writeSingleFileImage(root, id, 1_000);
  expect(await runJob(producer, "checksum-graph", { recipe: "xz-1" })).toMatchObject({
    total: 4,
    failed: [],
  });

  const { mountId, target } = await runJob(producer, "mount", { id: "base", readOnly: true });
  expect(readFileSync(join(target, "etc/passwd"), "utf8")).toBe("root:x:0:0\n");
  await runJob(producer, "unmount", { mountId });

  writeSingleFileImage(root, "large", 20_000_000);
  const batch = await producer.enqueue("checksum-graph", { ids: ["large"] });
  await atWork(producer, batch);
  expect(await producer.cancel(batch.id)).toBe(true);
  await expect(producer.wait(batch)).rejects.toMatchObject({ code: "CANCELLED" });
  const waiting = await producer.enqueue("checksum", { id: "large", force: true });
  await producer.cancel(waiting.id);
  expect((await producer.job(waiting.id))?.failedReason).toMatch(/^CANCELLED: /);

  expect(await producer.workers("checksum")).toBe(1);
  expect((await producer.counts()).store).toMatchObject({ completed: 1, failed: 0 });
  const { code, json, stderr } = await stevedore(
    ["jobs", "--state", "completed", "--redis", redis, "--graph", graphName, "--json"],
    { root },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(json.map(({ name }: { name: string }) => name).sort()).toEqual(
    ["store", "checksum", "verify", "checksum-graph", "checksum", "checksum", "checksum", "checksum"]
      .concat("mount", "unmount")
      .sort(),
  );
}

describe.concurrent("the whole work is done", () => {
  it("through a cluster of three, by the user that is documented", async () => {
    const cluster = await startCluster({ password: "all", users: [`${documentedUser} ${forCluster}`] });
    await using dock = await openDock(cluster, cluster.urlOf("stevedore", "pass/word"));
    await dock.serving((served) => everything(dock, served));
  });

  it("through Sentinel, with passwords of its own", async () => {
    await using dock = await openDock(await startSentinel({ password: "p&w", sentinelPassword: "s&w" }));
    await dock.serving((served) => everything(dock, served));
  });

  it("through TLS with a client's certificate, by the user that is documented", async () => {
    const server = await startRedis({ tls: true, password: "all", users: [documentedUser] });
    await using dock = await openDock(server, server.urlOf("stevedore", "pass/word"));
    await dock.serving((served) => everything(dock, served));
    expect(await server.command("ACL", "LOG")).toEqual([]);
  });
});

/**
 * Enqueues jobs, lets a worker begin them, and then something happen; they must all end.
 * @param ready awaited when the jobs are enqueued, and nothing yet works on them
 */
async function outlive(
  redis: string,
  happen: (key: string) => Promise<void>,
  ready: (key: string) => Promise<void> = async () => {},
): Promise<void> {
  await using dock = await openDock({ url: redis, async [Symbol.asyncDispose]() {} });
  const root = mkdtempSync(join(dock.scratch, "root-"));
  const graph = `g-${randomUUID()}`;
  const ids = Array.from({ length: 12 }, (_, at) => `image-${at}`);
  for (const id of ids) writeSingleFileImage(root, id, 200_000);
  const producer = openProducer({ redis, graph });
  const jobs = await producer.enqueueAll([
    ...ids.map((id) => ({ name: "checksum", data: { id } }) as const),
    { name: "verify-graph", data: {} },
  ]);
  await ready(keyPrefix(graph));
  // Locks that last longer than what happens, as real ones do: some jobs end only when theirs have run out.
  const timing = { lockDuration: 5_000 };
  const worker = await startWorker({ redis, graph, root, concurrency: { checksum: 2 }, timing });
  try {
    await producer.wait(jobs[0] as (typeof jobs)[number]);
    await happen(keyPrefix(graph));
    await vi.waitFor(async () => {
      for (const { id } of jobs) expect(await producer.job(id)).toMatchObject({ id, state: "completed" });
    }, patience);
    // Who waits and who cancels is served as before.
    expect(await runJob(producer, "checksum", { id: "image-0" })).toMatchObject({ cached: true });
    writeSingleFileImage(root, "large", 20_000_000);
    const large = await producer.enqueue("checksum", { id: "large" });
    await atWork(producer, large);
    expect(await producer.cancel(large.id)).toBe(true);
    expect(await producer.workers("checksum")).toBe(1);
  } finally {
    await producer.close();
    await worker.close(0);
  }
}

describe.concurrent("all jobs end", () => {
  it("when the cluster's node that holds them is killed and comes back", async () => {
    await using cluster = await startCluster();
    await outlive(cluster.url, async (key) => {
      const node = await cluster.masterOf(key);
      await node.kill();
      await node.start();
    });
  });

  it("when that node is killed and its replica takes over, with TLS and a password", async () => {
    await using cluster = await startCluster({ replicas: 1, tls: true, password: "pass@word" });
    await outlive(
      cluster.url,
      async (key) => {
        const node = await cluster.masterOf(key);
        await node.kill();
        await cluster.promoted(key, node);
      },
      (key) => cluster.replicated(key),
    );
  });

  it("when the whole cluster is killed and comes back", async () => {
    await using cluster = await startCluster();
    await outlive(cluster.url, async () => {
      await Promise.all(cluster.nodes.map((node) => node.kill()));
      await Promise.all(cluster.nodes.map((node) => node.start()));
    });
  });

  it("when Sentinel's master is killed and the replica takes over, with TLS", async () => {
    await using sentinel = await startSentinel({ tls: true, password: "pass@word" });
    await outlive(
      sentinel.url,
      async () => {
        const master = await sentinel.master();
        await master.kill();
        await sentinel.promoted(master);
      },
      () => sentinel.replicated(),
    );
  });

  it("when Sentinel's master hangs, closing no connection, and the replica takes over", async () => {
    await using sentinel = await startSentinel();
    await outlive(
      sentinel.url,
      async () => {
        const master = await sentinel.master();
        master.freeze();
        await sentinel.promoted(master);
      },
      () => sentinel.replicated(),
    );
  });
});

describe.concurrent("a producer", () => {
  it("fails with QUEUE_UNAVAILABLE while the cluster's node is gone, and works when it is back", async () => {
    await using cluster = await startCluster();
    const producer = openProducer({ redis: cluster.url });
    try {
      const job = await producer.enqueue("checksum", { id: "a" });
      const waiting = producer.wait(job);
      waiting.catch(() => undefined);
      const node = await cluster.masterOf(keyPrefix("default"));
      await node.kill();
      const refused = { code: "QUEUE_UNAVAILABLE" };
      await expect(producer.enqueue("checksum", { id: "b" })).rejects.toMatchObject(refused);
      await expect(producer.workers("checksum")).rejects.toMatchObject(refused);
      await expect(waiting).rejects.toMatchObject(refused);
      await node.start();
      await cluster.whole();
      expect((await producer.job(job.id))?.state).toBe("waiting");
      // What was reported as failed did not happen afterwards.
      expect((await producer.counts()).checksum.waiting).toBe(1);
    } finally {
      await producer.close();
    }
  });

  it("counts each worker of a cluster once", async () => {
    const cluster = await startCluster();
    await using dock = await openDock(cluster);
    await dock.serving(async ({ producer, root, graphName: graph }) => {
      const second = await startWorker({ redis: cluster.url, graph, root });
      await vi.waitFor(async () => expect(await producer.workers("mount")).toBe(2), patience);
      await second.close(0);
      await vi.waitFor(async () => expect(await producer.workers("mount")).toBe(1), patience);
    });
  });

  it("takes certificates that were renewed while it was connected", async () => {
    await using server = await startRedis({ tls: true });
    const producer = openProducer({ redis: server.url });
    try {
      await producer.enqueue("checksum", { id: "a" });
      await server.kill();
      makeCertificates(server.directory);
      await server.start();
      expect((await producer.counts()).checksum.waiting).toBe(1);
    } finally {
      await producer.close();
    }
  });

  it("is told by whom and why it is refused, without its password", async () => {
    await using server = await startRedis({
      password: "all",
      users: ["reader on >hush ~* -@all +@read +info"],
    });
    for (const [user, password, reason] of [
      ["reader", "hush", "NOPERM"],
      ["reader", "hush-hush", "WRONGPASS"],
      ["nobody", "hush", "WRONGPASS"],
    ] as const) {
      const producer = openProducer({ redis: server.urlOf(user, password) });
      const error = await producer.enqueue("checksum", { id: "a" }).catch((caught: unknown) => caught);
      await producer.close();
      expect(error).toMatchObject({ code: "QUEUE_UNAVAILABLE" });
      expect((error as Error).message).toMatch(new RegExp(`127.0.0.1:${server.port} refuses: .*${reason}`));
      expect((error as Error).message).not.toContain("hush");
    }
  });
});
