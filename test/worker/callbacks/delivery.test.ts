// How a notification reaches its receiver, and what keeps it from doing so.
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it, vi } from "vitest";
import { keyPrefix, notifyPauses, notifyQueue } from "../../../src/jobs/index.js";
import { signaturesOf } from "../../../src/worker/callbacks/post.js";
import { readSecretFile } from "../../../src/worker/callbacks/secrets.js";
import { pauseAfter } from "../../../src/worker/callbacks/serve-notifications.js";
import { startWorker, type WorkerOptions } from "../../../src/worker/index.js";
import { type ServedGraph, useDock } from "../../support/dock.js";
import { type Receiver, startReceiver } from "../../support/http/receiver.js";

const dock = useDock();

function secretFile(...lines: readonly string[]): string {
  const file = join(dock.scratch, `secrets-${Math.random()}`);
  writeFileSync(file, lines.join("\n"), { mode: 0o600 });
  return file;
}

/** The callback of a job that failed, once it is settled, with a worker that may post to the receiver alone. */
async function outcomeOf(
  answer: (response: ServerResponse, number: number) => void,
  {
    url = ({ url }: Receiver) => url,
    options = {},
    use = async () => undefined,
  }: {
    url?: (receiver: Receiver) => string;
    options?: Partial<WorkerOptions>;
    use?: (served: ServedGraph, receiver: Receiver, jobId: string) => Promise<unknown>;
  } = {},
) {
  await using receiver = await startReceiver(answer);
  let told: unknown;
  await dock.serving(
    async (served) => {
      const { producer } = served;
      const notify = { url: url(receiver) };
      const job = await producer.enqueue("checksum", { id: "no-such-image" }, { notify });
      await vi.waitFor(
        async () => {
          [told] = (await producer.job(job.id))?.notify ?? [];
          expect(told).toMatchObject({ state: expect.stringMatching(/delivered|failed/) });
        },
        { timeout: 30_000, interval: 20 },
      );
      await use(served, receiver, job.id);
    },
    {
      notifyHosts: [receiver.host],
      notifySecretFile: secretFile(`whsec_${Buffer.alloc(32, 7).toString("base64")}`),
      allowPrivateAddresses: true,
      timing: { callbackInterval: 100, notifyPauses: [10, 10, 10] },
      ...options,
    },
  );
  return { told, received: receiver.received };
}

describe("a notification", () => {
  it("is sent again under the same id, signed anew, until its receiver takes it", async () => {
    const { told, received } = await outcomeOf((response, number) =>
      response.writeHead([500, 429, 301][number - 1] ?? 202).end("x"),
    );
    expect(told).toMatchObject({ state: "delivered", attempts: 4, lastError: null });
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  });

  it("fails once its tries are over, and says what the last one met", async () => {
    const { told, received } = await outcomeOf((response) => response.writeHead(500).end());
    expect(received).toHaveLength(4);
    expect(told).toEqual({
      ...{ url: expect.any(String), events: expect.any(Array), state: "failed", attempts: 4 },
      lastError: expect.stringMatching(/^CALLBACK_FAILED: http:\S+: its receiver answers 500$/),
      deliveredAt: null,
    });
  });

  it("is given up at once by a receiver that is gone", async () => {
    const { told, received } = await outcomeOf((response) => response.writeHead(410).end());
    expect(received).toHaveLength(1);
    expect(told).toMatchObject({
      ...{ state: "failed", attempts: 1 },
      lastError: expect.stringMatching(/^CALLBACK_REFUSED: .*410$/),
    });
  });

  it("does not follow a redirect", async () => {
    await using elsewhere = await startReceiver();
    const { told } = await outcomeOf((response) =>
      response.writeHead(307, { location: `${elsewhere.url}/stolen` }).end(),
    );
    expect(told).toMatchObject({
      ...{ state: "failed", lastError: expect.stringContaining("307, a redirect, which is not followed") },
    });
    expect(elsewhere.received).toEqual([]);
  });

  it("takes a receiver that answers without end", async () => {
    const { told } = await outcomeOf((response) => {
      response.writeHead(200);
      const more = () => response.destroyed || response.write("x".repeat(10_000), () => setImmediate(more));
      more();
    });
    expect(told).toMatchObject({ state: "delivered", attempts: 1 });
  });

  it.each([
    ["a host that is not allowed", "http://hooks.example/a", "start it with --allow-notify hooks.example"],
    ["an allowed name at another port", "http://localhost:1/a", "start it with --allow-notify localhost:1"],
    ["an address that is not allowed", "http://127.0.0.1:1/", "start it with --allow-notify 127.0.0.1:1"],
  ])("goes to no other host: %s", async (_what, url, message) => {
    const { told, received } = await outcomeOf((response) => response.end(), { url: () => url });
    expect(received).toEqual([]);
    expect(told).toMatchObject({
      ...{ state: "failed", attempts: 1 },
      lastError: expect.stringContaining(message),
    });
    expect((told as { lastError: string }).lastError).toMatch(/^CALLBACK_REFUSED: /);
  });

  it("goes to no private address, whatever its host is called", async () => {
    const options = { allowPrivateAddresses: false };
    const { told, received } = await outcomeOf((response) => response.end(), { options });
    expect(received).toEqual([]);
    expect(told).toMatchObject({
      ...{ state: "failed", attempts: 1 },
      lastError: expect.stringMatching(/^CALLBACK_REFUSED: .* private address .*--allow-private-addresses$/),
    });
  });

  it("is counted, and waits as a job of a queue of its own", async () => {
    await outcomeOf((response, number) => response.writeHead(number === 1 ? 500 : 204).end(), {
      async use({ producer, graphName }, receiver) {
        await vi.waitFor(async () => {
          const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
          const queue = new Queue(notifyQueue, { connection: redis, prefix: keyPrefix(graphName) });
          const [job] = await queue.getCompleted();
          expect(job).toMatchObject({ name: "failed", attemptsMade: 2, data: { url: receiver.url } });
          await queue.close();
          redis.disconnect();
        });
        const counted = await vi.waitFor(async () => {
          const [status] = await producer.workerStatuses();
          const metric = status?.metrics.find(({ name }) => name === "stevedore_notifications_total");
          expect(metric?.values.map(({ value }) => value)).toEqual([1, 1, 0]);
          return metric;
        });
        expect(counted?.values.map(({ labels }) => labels.outcome)).toEqual([
          "delivered",
          "retried",
          "failed",
        ]);
        expect(await producer.notifications()).toEqual({ unended: 0, waiting: 0, failed: 0 });
      },
      options: { timing: { callbackInterval: 100, notifyPauses: [10], statusInterval: 200 } },
    });
  });

  it("has a body of bounded size, which names what it leaves out", async () => {
    await using receiver = await startReceiver();
    await dock.serving(
      async ({ producer }) => {
        const ids = Array.from({ length: 1_200 }, (_, at) => `no-such-image-${at}`.padEnd(900, "x"));
        const job = await producer.enqueue("checksum-graph", { ids }, { notify: { url: receiver.url } });
        await producer.wait(job);
        const [got] = await receiver.until(1);
        expect(got?.body.length).toBeLessThan(1024 ** 2);
        expect(got?.json).toMatchObject({ id: job.id, state: "completed", omitted: ["data", "result"] });
      },
      {
        notifyHosts: [receiver.host],
        notifySecretFile: secretFile(`whsec_${Buffer.alloc(32, 7).toString("base64")}`),
        allowPrivateAddresses: true,
      },
    );
  });
});

it("is tried for a day and more, each pause longer by up to a fifth", () => {
  const total = notifyPauses.reduce((sum, pause) => sum + pause, 0);
  expect(total).toBeGreaterThan(24 * 3_600_000);
  expect(total).toBeLessThan(30 * 3_600_000);
  for (const [at, pause] of notifyPauses.entries()) {
    const pauses = Array.from({ length: 100 }, () => pauseAfter(at + 1, notifyPauses));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(pause);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(pause * 1.2);
    expect(new Set(pauses).size).toBeGreaterThan(1);
  }
});

it("signs as the example of Standard Webhooks does", () => {
  // Of the specification's reference implementations.
  const secret = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
  const signature = signaturesOf(
    [secret],
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    1614265330,
    '{"test": 2432232314}',
  );
  expect(signature).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

describe("a worker's secrets", () => {
  const good = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;

  it("are read line by line, comments aside", () => {
    const file = secretFile("# today's", good, "", `  ${good}`);
    expect(readSecretFile(file)).toEqual({
      secrets: [Buffer.alloc(24, 1), Buffer.alloc(24, 1)],
      isOpen: false,
    });
  });

  it.each([
    ["without the prefix", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"],
    ["too short", `whsec_${Buffer.alloc(23, 1).toString("base64")}`],
    ["too long", `whsec_${Buffer.alloc(65, 1).toString("base64")}`],
    ["no base64", "whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"],
  ])("are refused %s, without being repeated", (_what, line) => {
    const read = () => readSecretFile(secretFile(good, line));
    expect(read).toThrow(/^--notify-secret-file \S+, line 2: a secret is whsec_/);
    expect(read).not.toThrow(line);
  });

  it("are wanted by whoever may notify, and warned of if others may read them", async () => {
    const start = (options: Partial<WorkerOptions>) =>
      startWorker({ redis: dock.redis, graph: "secrets", root: join(dock.scratch, "secrets"), ...options });
    await expect(start({ notifyHosts: ["a.example"] })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(start({ notifySecretFile: "/nowhere" })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(start({ notifyHosts: ["http://a.example"] })).rejects.toMatchObject({
      message: expect.stringContaining("--allow-notify"),
    });
    const file = join(dock.scratch, "open-secrets");
    writeFileSync(file, good, { mode: 0o644 });
    const lines: string[] = [];
    const worker = await start({
      ...{ notifyHosts: ["a.example"], notifySecretFile: file, provesEngineLate: true },
      log: (line) => lines.push(line),
    });
    await worker.close(0);
    expect(lines.join("\n")).toContain(`chmod 600 ${file}`);
    expect(lines.join("\n")).not.toContain(good);
  });
});
