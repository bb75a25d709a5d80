// Callbacks: whoever asked to be told of a job's end is told, whatever became of the job, of its worker and of its record.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it, vi } from "vitest";
import { callbacksKey, type JobData, keyPrefix, notifyQueue } from "../../../src/jobs/index.js";
import { openProducer, type Producer } from "../../../src/producer/index.js";
import { startWorker, type WorkerOptions } from "../../../src/worker/index.js";
import { type ServedGraph, useDock } from "../../support/dock.js";
import { startReceiver } from "../../support/http/receiver.js";
import { writeSingleFileImage } from "../../support/images/single-file-image.js";

const dock = useDock();
const secrets = [Buffer.alloc(32, 7), Buffer.alloc(24, 9)];

/** What a worker that sends notifications is given; it looks for callbacks, and tries again, without much ado. */
function notifying(...hosts: readonly string[]): Partial<WorkerOptions> {
  const file = join(dock.scratch, "notify-secrets");
  writeFileSync(file, secrets.map((secret) => `whsec_${secret.toString("base64")}\n`).join(""), {
    mode: 0o600,
  });
  return {
    notifyHosts: hosts,
    notifySecretFile: file,
    allowPrivateAddresses: true,
    timing: { callbackInterval: 100, notifyPauses: [10, 10, 10, 10] },
  };
}

const failing: JobData<"checksum"> = { id: "no-such-image" };

/** The job's callbacks, once none is pending. */
async function settled(producer: Producer, id: string) {
  return vi.waitFor(
    async () => {
      const { notify = [] } = (await producer.job(id)) ?? {};
      expect(notify.length).toBeGreaterThan(0);
      expect(notify.every(({ state }) => state !== "pending")).toBe(true);
      return notify;
    },
    { timeout: 30_000, interval: 20 },
  );
}

/** A promise that the test resolves. */
function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A queue of the graph as another client of BullMQ opens it. */
async function withQueue(
  { graphName }: Pick<ServedGraph, "graphName">,
  name: string,
  use: (queue: Queue, redis: Redis) => Promise<void>,
): Promise<void> {
  const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection: redis, prefix: keyPrefix(graphName) });
  try {
    await use(queue, redis);
  } finally {
    await queue.close();
    redis.disconnect();
  }
}

/** A signature by OpenSSL of what a receiver got. */
function opensslSignature(secret: Buffer, headers: Readonly<Record<string, unknown>>, body: string): string {
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const key = ["-mac", "HMAC", "-macopt", `hexkey:${secret.toString("hex")}`];
  return execFileSync("openssl", ["dgst", "-sha256", ...key, "-binary"], { input: signed }).toString(
    "base64",
  );
}

describe("a callback", () => {
  it("gets the record of a job that completed, signed by every secret, once", async () => {
    await using receiver = await startReceiver();
    await dock.serving(async ({ producer, root }) => {
      writeSingleFileImage(root, "image", 100);
      const url = `${receiver.url}/hook?token=s3cret`;
      const job = await producer.enqueue("checksum", { id: "image" }, { notify: { url } });
      expect(await producer.job(job.id)).toMatchObject({ notify: [{ attempts: expect.any(Number) }] });
      const [got] = await receiver.until(1);
      const [told] = await settled(producer, job.id);
      expect(told).toEqual({
        url: `${receiver.url}/hook?…`,
        events: ["completed", "failed", "cancelled"],
        ...{ state: "delivered", attempts: 1, lastError: null, deliveredAt: expect.any(Number) },
      });
      const record = await producer.job(job.id);
      expect(got?.json).toEqual({
        ...record,
        notify: [{ ...told, url, state: "pending", attempts: 0, deliveredAt: null }],
      });
      expect(got).toMatchObject({ method: "POST", path: "/hook?token=s3cret" });
      expect(got?.headers).toMatchObject({
        "content-type": "application/json",
        "user-agent": expect.stringMatching(/^stevedore\/\d/),
        "webhook-id": expect.stringMatching(/^cb_[0-9a-f]{32}$/),
      });
      expect(Math.abs(Number(got?.headers["webhook-timestamp"]) - Date.now() / 1_000)).toBeLessThan(60);
      expect(got?.headers["webhook-signature"]).toBe(
        secrets
          .map((secret) => `v1,${opensslSignature(secret, got?.headers ?? {}, got?.body ?? "")}`)
          .join(" "),
      );
      // Time for what would come twice.
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(receiver.received).toHaveLength(1);
    }, notifying(receiver.host));
  });

  it("gets the record of a job that failed or was cancelled, and none of an end that it did not ask for", async () => {
    await using receiver = await startReceiver();
    const graph = { graphName: "ends" };
    const producer = openProducer({ redis: dock.redis, graph: graph.graphName });
    const ask = (path: string, ...events: ("completed" | "failed" | "cancelled")[]) => ({
      notify: { url: `${receiver.url}/${path}`, ...(events.length > 0 && { events }) },
    });
    const [failed, unasked, cancelled] = await producer.enqueueAll([
      { name: "checksum", data: failing, ...ask("failed", "failed", "cancelled") },
      { name: "verify", data: failing, ...ask("unasked", "completed", "cancelled") },
      { name: "delete", data: { id: "a" }, ...ask("cancelled") },
    ]);
    await producer.cancel(cancelled?.id ?? "");
    const worker = await startWorker({
      ...{
        redis: dock.redis,
        graph: graph.graphName,
        root: join(dock.scratch, "ends"),
        provesEngineLate: true,
      },
      ...notifying(receiver.host),
    });
    try {
      const got = await receiver.until(2);
      const byPath = Object.fromEntries(got.map(({ path, json }) => [path, json]));
      expect(Object.keys(byPath).sort()).toEqual(["/cancelled", "/failed"]);
      expect(byPath["/failed"]).toMatchObject({
        ...{ id: failed?.id, failedReason: expect.stringContaining("IMAGE_NOT_FOUND: ") },
      });
      expect(byPath["/cancelled"].failedReason).toContain("CANCELLED: ");
      expect(await settled(producer, unasked?.id ?? "")).toMatchObject([{ state: "skipped", attempts: 0 }]);
      expect(receiver.received).toHaveLength(2);
    } finally {
      await worker.close(0);
      await producer.close();
    }
  });

  it("of a job that joins another is told of that one's end, beside its own", async () => {
    await using receiver = await startReceiver();
    const producer = openProducer({ redis: dock.redis, graph: "joined" });
    const one = await producer.enqueue("checksum", failing, { notify: { url: `${receiver.url}/one` } });
    const two = await producer.enqueue("checksum", failing, { notify: { url: `${receiver.url}/two` } });
    const [three] = await producer.enqueueAll([
      { name: "checksum", data: failing, notify: { url: `${receiver.url}/three`, events: ["failed"] } },
    ]);
    const plain = await producer.enqueue("checksum", failing);
    expect([two.id, three?.id, plain.id]).toEqual([one.id, one.id, one.id]);
    expect((await producer.job(one.id))?.notify.map(({ url }) => new URL(url).pathname).sort()).toEqual([
      ...["/one", "/three", "/two"],
    ]);
    const worker = await startWorker({
      ...{ redis: dock.redis, graph: "joined", root: join(dock.scratch, "joined"), provesEngineLate: true },
      ...notifying(receiver.host),
    });
    try {
      const got = await receiver.until(3);
      expect(got.map(({ path }) => path).sort()).toEqual(["/one", "/three", "/two"]);
      expect(new Set(got.map(({ json }) => json.id))).toEqual(new Set([one.id]));
      // A receiver learns nothing of the others.
      expect(got.map(({ json }) => json.notify.length)).toEqual([1, 1, 1]);
      expect((await settled(producer, one.id)).map(({ state }) => state)).toEqual([
        ...["delivered", "delivered", "delivered"],
      ]);
    } finally {
      await worker.close(0);
      await producer.close();
    }
  });

  it("of a repeated request is told once, and one that came with the repeat is told as well", async () => {
    await using receiver = await startReceiver();
    await dock.serving(async ({ producer }) => {
      const ask = (path: string) => ({ notify: { url: `${receiver.url}/${path}` } });
      const first = await producer.enqueueOnce("key", "checksum", failing, ask("a"));
      await receiver.until(1);
      await settled(producer, first.id);
      expect((await producer.enqueueOnce("key", "checksum", failing, ask("a"))).id).toBe(first.id);
      expect((await producer.enqueueOnce("key", "checksum", failing, ask("b"))).id).toBe(first.id);
      const got = await receiver.until(2);
      await settled(producer, first.id);
      expect(got.map(({ path }) => path)).toEqual(["/a", "/b"]);
    }, notifying(receiver.host));
  });

  it("of a job of plain BullMQ stands in its options; one that is wrong fails the job", async () => {
    await using receiver = await startReceiver();
    await dock.serving(
      async ({ producer, graphName }) =>
        withQueue({ graphName }, "checksum", async (queue) => {
          const add = (id: string, notify: unknown) =>
            queue.add("checksum", failing, { jobId: id, notify } as object);
          await add("right", { url: receiver.url, events: ["failed"] });
          await add("wrong", { url: "ftp://files.example/", events: ["failed"] });
          const [got] = await receiver.until(1);
          expect(got?.json).toMatchObject({ id: "right" });
          await vi.waitFor(async () => expect((await producer.job("wrong"))?.state).toBe("failed"));
          expect((await producer.job("wrong"))?.failedReason).toBe(
            "INVALID_JOB: notify.url: it takes an http or https URL of 2000 characters at most, without user and password",
          );
        }),
      notifying(receiver.host),
    );
  });

  it("of a batch hears of the batch, not of its children", async () => {
    await using receiver = await startReceiver();
    await dock.serving(async ({ producer, root }) => {
      for (const id of ["a", "b"]) writeSingleFileImage(root, id, 100);
      const batch = await producer.enqueue("checksum-graph", {}, { notify: { url: receiver.url } });
      await settled(producer, batch.id);
      expect(receiver.received.map(({ json }) => [json.id, json.result?.total])).toEqual([[batch.id, 2]]);
    }, notifying(receiver.host));
  });

  it("of a schedule hears of every run", async () => {
    await using receiver = await startReceiver();
    await dock.serving(async ({ producer }) => {
      const notify = { url: receiver.url, events: ["completed"] as const };
      await producer.schedule({ name: "gc", data: {}, cron: "* * * * * *", id: "often", notify });
      const [one, two] = await receiver.until(2);
      expect([one?.json.id, two?.json.id]).toEqual([
        expect.stringMatching(/^repeat:often:\d+$/),
        expect.stringMatching(/^repeat:often:\d+$/),
      ]);
      expect(one?.json.id).not.toBe(two?.json.id);
      await producer.unschedule("often");
    }, notifying(receiver.host));
  });
});

it("of a job whose like was deleted in Redis belongs to a job that is there", async () => {
  const producer = openProducer({ redis: dock.redis, graph: "deleted" });
  const { id } = await producer.enqueue("checksum", failing);
  await withQueue({ graphName: "deleted" }, "checksum", async (queue, redis) => {
    await redis.del(queue.toKey(id));
  });
  const job = await producer.enqueue("checksum", failing, { notify: { url: "http://hooks.example/" } });
  expect((await producer.job(job.id))?.notify).toMatchObject([{ state: "pending" }]);
  await producer.close();
});

it("a job without a callback leaves nothing of callbacks in Redis", () =>
  dock.serving(async ({ producer, graphName, root }) => {
    writeSingleFileImage(root, "image", 100);
    const job = await producer.enqueue("checksum", { id: "image" });
    await producer.wait(job);
    await withQueue({ graphName }, "checksum", async (queue, redis) => {
      const fields = await redis.hgetall(queue.toKey(job.id));
      expect(JSON.stringify(fields)).not.toMatch(/notify|callback/);
      expect(await redis.keys(`*${graphName}*callbacks*`)).toEqual([]);
      expect(await redis.keys(`*${graphName}*:notify:*`)).toEqual([expect.stringMatching(/:notify:meta$/)]);
    });
    expect((await producer.job(job.id))?.notify).toEqual([]);
  }));

describe("a job whose end nobody saw", () => {
  /** Ends a job as a worker does that dies before it can tell of it, and does something else before another looks. */
  async function endUnseen(
    graphName: string,
    url: string,
    then: (redis: Redis, id: string) => Promise<unknown>,
  ) {
    const producer = openProducer({ redis: dock.redis, graph: graphName });
    const job = await producer.enqueue("checksum", failing, { notify: { url } });
    const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
    const dying = new Worker("checksum", async () => ({ checksum: "x" }), {
      ...{ connection: redis, prefix: keyPrefix(graphName) },
    });
    await producer.wait(job);
    await dying.close();
    await then(redis, job.id);
    redis.disconnect();
    await producer.close();
    return job.id;
  }

  it("is told by the next worker", async () => {
    await using receiver = await startReceiver();
    const id = await endUnseen("unseen", receiver.url, async () => undefined);
    const root = join(dock.scratch, "unseen");
    const worker = await startWorker({
      ...{ redis: dock.redis, graph: "unseen", root, provesEngineLate: true },
      ...notifying(receiver.host),
    });
    const [got] = await receiver.until(1);
    expect(got?.json).toMatchObject({ id, state: "completed", result: { checksum: "x" } });
    await worker.close(0);
  });

  it("that is being told when its worker ends is given back at once", async () => {
    const arrived = deferred();
    const silent = createServer(() => arrived.resolve());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const id = await endUnseen("given-back", url, async () => undefined);
    const options = {
      ...{
        redis: dock.redis,
        graph: "given-back",
        root: join(dock.scratch, "given-back"),
        provesEngineLate: true,
      },
      ...notifying(`127.0.0.1:${port}`),
    };
    const first = await startWorker(options);
    await arrived.promise;
    await first.close(0);
    silent.closeAllConnections();
    await withQueue({ graphName: "given-back" }, notifyQueue, async (queue) => {
      expect(await queue.getJobCounts("active", "failed", "delayed")).toEqual({
        active: 0,
        failed: 0,
        delayed: 0,
      });
      expect(await queue.getWaitingCount()).toBe(1);
      const [waiting] = await queue.getWaiting();
      expect(waiting?.data).toMatchObject({ jobId: id });
    });
    await new Promise((resolve) => silent.close(resolve));
  });

  it("is told to be gone if its record was removed meanwhile", async () => {
    await using receiver = await startReceiver();
    const id = await endUnseen("gone", receiver.url, async (redis, jobId) => {
      const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix("gone") });
      expect(await queue.remove(jobId)).toBe(1);
      await queue.close();
    });
    const root = join(dock.scratch, "gone");
    const worker = await startWorker({
      ...{ redis: dock.redis, graph: "gone", root, provesEngineLate: true },
      ...notifying(receiver.host),
    });
    const [got] = await receiver.until(1);
    expect(got?.json).toMatchObject({ id, queue: "checksum", state: "unknown", result: null });
    await vi.waitFor(async () => {
      const redis = new Redis(dock.redis);
      expect(await redis.hlen(callbacksKey("gone"))).toBe(0);
      redis.disconnect();
    });
    await worker.close(0);
  });

  it("is told though its record cannot be read", async () => {
    await using receiver = await startReceiver();
    const producer = openProducer({ redis: dock.redis, graph: "poison" });
    const job = await producer.enqueue("checksum", failing, { notify: { url: receiver.url } });
    await withQueue({ graphName: "poison" }, "checksum", async (queue, redis) => {
      await redis.hset(queue.toKey(job.id), { opts: "not json", atm: "x" });
    });
    const root = join(dock.scratch, "poison");
    const worker = await startWorker({
      ...{ redis: dock.redis, graph: "poison", root, provesEngineLate: true },
      ...notifying(receiver.host),
    });
    const [got] = await receiver.until(1);
    expect(got?.json).toMatchObject({ id: job.id, failedReason: expect.stringMatching(/^INVALID_JOB: /) });
    await worker.close(0);
    await producer.close();
  });

  it("is told with its record though that is removed before the receiver is back", async () => {
    let isUp = false;
    await using receiver = await startReceiver((response) => response.writeHead(isUp ? 200 : 503).end());
    await dock.serving(
      async ({ producer, graphName }) =>
        withQueue({ graphName }, "checksum", async (queue) => {
          const job = await producer.enqueue("checksum", failing, { notify: { url: receiver.url } });
          await receiver.until(1);
          await queue.remove(job.id);
          isUp = true;
          const got = await receiver.until(2);
          expect(got.at(-1)?.json).toMatchObject({ id: job.id, data: failing });
          expect(await producer.job(job.id)).toBeUndefined();
        }),
      { ...notifying(receiver.host), timing: { callbackInterval: 100, notifyPauses: [1_500, 10, 10] } },
    );
  });

  it("is told by workers that send none to one that does", async () => {
    await using receiver = await startReceiver();
    await dock.serving(
      async ({ producer, graphName, root }) => {
        const job = await producer.enqueue("checksum", failing, { notify: { url: receiver.url } });
        await producer.wait(job).catch(() => undefined);
        await withQueue({ graphName }, notifyQueue, async (queue) => {
          await vi.waitFor(async () => expect(await queue.getWaitingCount()).toBe(1));
        });
        expect((await producer.job(job.id))?.notify).toMatchObject([{ state: "pending", attempts: 0 }]);
        const sender = await startWorker({
          ...{ redis: dock.redis, graph: graphName, root, provesEngineLate: true },
          ...notifying(receiver.host),
        });
        await settled(producer, job.id);
        await sender.close(0);
      },
      { timing: { callbackInterval: 100 } },
    );
  });
});
