// Every limit of a worker, hit by a job: the job fails with LIMIT_EXCEEDED, names the limit and the flag that raises it, is
// not tried again, and leaves nothing behind.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { startWorker, type WorkerOptions } from "../../src/worker/index.js";
import { expectNothingLeft, runJob, useDock } from "../support/dock.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { childProcesses } from "../support/processes/child-processes.js";

const dock = useDock();
let directory: string;
beforeAll(async () => {
  directory = join(dock.scratch, "tree");
  mkdirSync(join(directory, "d"), { recursive: true });
  for (let name = 0; name < 20; name++) writeFileSync(join(directory, "d", `${name}`), "x".repeat(3_000));
});
afterAll(() => unmountBelow(dock.scratch));

type Limits = NonNullable<WorkerOptions["limits"]>;

/** Asserts that a job fails for good, at its first try, with a message that tells the limit and the flag. */
async function expectExceeded(producer: Producer, job: Promise<{ readonly id: string }>, ...told: string[]) {
  const { id } = await job;
  const failed = async () => {
    const found = await producer.job(id);
    expect(found?.state).toBe("failed");
    return found;
  };
  const record = await vi.waitFor(failed, { timeout: 30_000 });
  expect(record).toMatchObject({ attempts: 1, failedReason: expect.stringMatching(/^LIMIT_EXCEEDED: /) });
  for (const text of told) expect(record?.failedReason).toContain(text);
}

const record = (bytes: number) => {
  const json = { id: "large", comment: "" };
  return JSON.stringify({ ...json, comment: "c".repeat(bytes - JSON.stringify(json).length) });
};

describe("a layer", () => {
  const sources = () => [{ path: dock.archive }, { path: directory }];

  it("of more bytes is refused, from an archive and from a directory", () =>
    dock.serving(
      async ({ producer, root }) => {
        for (const layer of sources()) {
          const job = producer.enqueue("store", { layer });
          await expectExceeded(producer, job, "larger than 2000 bytes", "--max-layer-bytes");
        }
        expectNothingLeft(root);
      },
      { limits: { maxBytes: 2_000 } },
    ));

  it("of more entries is refused, from an archive and from a directory", () =>
    dock.serving(
      async ({ producer, root }) => {
        for (const layer of sources()) {
          const job = producer.enqueue("store", { layer });
          await expectExceeded(producer, job, "more than 3 entries", "--max-layer-entries");
        }
        expectNothingLeft(root);
      },
      { limits: { maxEntries: 3 } },
    ));

  it.each<[string, Limits, string]>([
    ["bytes", { maxBytes: 40_000 }, "--max-layer-bytes"],
    ["entries", { maxEntries: 15 }, "--max-layer-entries"],
    ["bytes in its record", { maxRecordBytes: 300 }, "--max-record-bytes"],
  ])("of more %s is refused, from what was written to a mount", (_, limits, flag) =>
    dock.serving(
      async ({ producer }) => {
        await runJob(producer, "store", { image: { id: "base" }, layer: { path: dock.archive } });
        const { mountId, target } = await runJob(producer, "mount", { id: "base" });
        execFileSync("cp", ["-r", `${directory}/.`, target]);
        const image = { id: "new", comment: "c".repeat(300) };
        await expectExceeded(producer, producer.enqueue("commit", { mountId, image }), flag);
        await runJob(producer, "unmount", { mountId });
      },
      { limits },
    ),
  );
});

describe("an image's record", () => {
  it("of more bytes is refused, however it comes; one of just so many is not", () =>
    dock.serving(
      async ({ producer, root }) => {
        const layer = { path: dock.archive };
        const image = { id: "large", comment: "c".repeat(2_000) };
        for (const data of [{ json: record(2_001) }, { image }]) {
          const job = producer.enqueue("store", { ...data, layer });
          await expectExceeded(producer, job, "more than 2000", "--max-record-bytes");
        }
        expectNothingLeft(root);
        await runJob(producer, "store", { json: record(2_000), layer });
        expect(readFileSync(join(root, "graph/large/json"), "utf8")).toBe(record(2_000));
      },
      { limits: { maxRecordBytes: 2_000 } },
    ));

  it("of gigabytes on the disk makes the image a broken one, and is not read", () =>
    dock.serving(async ({ producer, root }) => {
      await runJob(producer, "store", { image: { id: "giant" }, layer: { path: dock.archive } });
      truncateSync(join(root, "graph/giant/json"), 40 * 1024 ** 3);
      const checksum = runJob(producer, "checksum", { id: "giant" });
      await expect(checksum).rejects.toMatchObject({
        code: "IMAGE_BROKEN",
        message: expect.stringContaining("more than 67108864 bytes"),
      });
      expect(await runJob(producer, "checksum-graph", {})).toMatchObject({
        failed: [{ id: "giant", code: "IMAGE_BROKEN" }],
      });
    }));
});

describe("a job's data", () => {
  const image = { comment: "c".repeat(5 * 1024 ** 2) };

  it("of more bytes is refused by the producer, and nothing is enqueued", () =>
    dock.serving(async ({ producer, graphName }) => {
      const large = { name: "store", data: { image, layer: { path: "/x" } } } as const;
      const small = { name: "checksum", data: { id: "a" } } as const;
      const exceeded = {
        code: "LIMIT_EXCEEDED",
        message: expect.stringMatching(/^store: .*more than 4194304: .*--max-job-bytes .*maxJobBytes/),
      };
      await expect(producer.enqueue("store", large.data)).rejects.toMatchObject(exceeded);
      await expect(producer.enqueueAll([small, large])).rejects.toMatchObject(exceeded);
      const counts = Object.values(await producer.counts()).flatMap((states) => Object.values(states));
      expect(counts.reduce((sum, count) => sum + count)).toBe(0);

      const strict = openProducer({ redis: dock.redis, graph: graphName, maxJobBytes: 9 });
      await expect(strict.enqueue("checksum", { id: "a" })).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
      await strict.close();
    }));

  it("of more bytes is refused by the worker, whoever enqueued it", () =>
    dock.serving(
      async ({ producer, graphName, root }) => {
        const connection = new Redis(dock.redis, { maxRetriesPerRequest: null });
        const queue = new Queue("store", { connection, prefix: keyPrefix(graphName) });
        try {
          const data = { image: { comment: "c".repeat(1_000) }, layer: { path: dock.archive } };
          const job = queue.add("store", data, { jobId: "foreign", attempts: 3 });
          await expectExceeded(
            producer,
            job.then(() => ({ id: "foreign" })),
            "more than 1000",
            "--max-job-bytes",
          );
          expectNothingLeft(root);
        } finally {
          await queue.close();
          connection.disconnect();
        }
      },
      { limits: { maxJobBytes: 1_000 } },
    ));
});

it("a tool that is stuck is killed, and its job done at the next try", async () => {
  const lines: string[] = [];
  // The second half comes once tar has been stopped, so that it cannot be done before.
  let requests = 0;
  const archive = execFileSync("tar", ["-C", "/usr/share", "-c", "perl"], { maxBuffer: 1e9 });
  const server = createServer(async (_, response) => {
    if (requests++ > 0) return response.end(archive);
    response.write(archive.subarray(0, 500_000));
    const tar = await vi.waitFor(async () => {
      const found = (await childProcesses()).find(({ command }) => command === "tar");
      expect(found).toBeDefined();
      return found;
    });
    process.kill(tar?.pid ?? Number.NaN, "SIGSTOP");
    response.end(archive.subarray(500_000));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const options = {
    allowedHosts: ["127.0.0.1"],
    allowPrivateAddresses: true,
    limits: { toolSilenceMs: 2_000 },
    log: (line: string) => lines.push(line),
  };
  try {
    await dock.serving(async ({ producer, root }) => {
      const layer = { url: `http://127.0.0.1:${port}/a.tar` };
      const job = await producer.enqueue("store", { image: { id: "perl" }, layer });
      expect(await producer.wait(job)).toMatchObject({ id: "perl", stored: true });
      expect(lines.join("\n")).toMatch(/failed: INTERNAL: tar was stuck: it neither read nor wrote for 2 s/);
      const left = execFileSync("diff", ["-r", "/usr/share/perl", join(root, "graph/perl/layer/perl")]);
      expect(left.toString()).toBe("");
    }, options);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it("a host that is none keeps the worker from starting", async () => {
  const options = {
    redis: dock.redis,
    root: join(dock.scratch, "never"),
    allowedHosts: ["http://files.example"],
  };
  await expect(startWorker(options)).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringContaining("--allow-host"),
  });
});
