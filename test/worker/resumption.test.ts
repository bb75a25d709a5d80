// A checksum that is ended half-way goes on where it was, whatever ended it and whatever becomes of its blocks.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { shellLine } from "../../src/layer/shell-line.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { writeSingleFileImage } from "../support/images/single-file-image.js";
import { lockVariable } from "../support/processes/quick-locks.js";
import { type Running, startStevedore } from "../support/processes/stevedore.js";
import { seededRandom } from "../support/seeded-random.js";
import { until } from "../support/until.js";
import { verifiedVariable } from "../support/verified-xz.js";

const dock = useDock();
const recipe = "xz-1";
/** Makes four blocks, each another, which are compressed quickly. */
const layer = Buffer.concat(Array.from({ length: 26 }, (_, at) => Buffer.alloc(1_000_000, `block ${at} `)));
const job = { id: "large", recipe } as const;

/** A root with an image of four blocks, and workers of it whose xz can be held. */
interface Site {
  readonly root: string;
  readonly graph: string;
  readonly producer: Producer;
  /** Starts a worker process and waits until it serves. */
  startWorker(...flags: string[]): Promise<Running>;
  /** From now on each xz but the first two waits until it is let go. */
  hold(): void;
  letGo(): void;
  /** How many blocks were begun to be compressed. */
  begun(): number;
  /** Waits until two blocks are kept, and the third is at work. */
  halfWay(): Promise<void>;
  /** Asserts that this is the checksum of the image, and that nothing is left in `blocks/`. */
  expectRight(checksum: string): Promise<void>;
}

let sites = 0;

async function atSite(use: (site: Site) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(dock.scratch, "root-"));
  const bin = mkdtempSync(join(dock.scratch, "bin-"));
  const graph = `resumption-${sites++}`;
  const [calls, held] = [join(bin, "calls"), join(bin, "held")];
  const lines = [
    `PATH='${process.env.PATH}'`,
    'case "$*" in *version*) exec xz "$@";; esac',
    `echo >> ${calls}`,
    `while [ -e ${held} ] && [ $(wc -l < ${calls}) -gt 2 ]; do sleep 0.05; done`,
    'exec xz "$@"',
  ];
  writeFileSync(join(bin, "xz"), `#!/bin/sh\n${lines.join("\n")}\n`, { mode: 0o755 });
  writeFileSync(calls, "");
  writeSingleFileImage(root, "large", layer);
  const producer = openProducer({ redis: dock.redis, graph });
  const workers: Running[] = [];
  const blocks = () => readdirSync(join(root, "blocks")).filter((name) => /-[0-9a-f]{64}$/.test(name));
  const begun = () => readFileSync(calls).length;
  try {
    await use({
      ...{ root, graph, producer, begun },
      async startWorker(...flags) {
        const env = {
          PATH: `${bin}:${process.env.PATH}`,
          [verifiedVariable]: join(bin, "xz"),
          [lockVariable]: "2000",
        };
        const args = ["worker", "--redis", dock.redis, "--graph", graph, "--grace", "0", ...flags];
        const worker = startStevedore(args, { root, env });
        workers.push(worker);
        await worker.says(/serving/);
        return worker;
      },
      hold: () => writeFileSync(held, ""),
      letGo: () => rmSync(held, { force: true }),
      halfWay: () =>
        until(
          "two blocks are not kept, or no third is begun",
          async () => blocks().length === 2 && begun() === 3,
        ),
      async expectRight(checksum) {
        expect(checksum).toBe(byShell(root));
        // Of a job that two had, the other ends a moment later.
        await until("blocks are left", async () => readdirSync(join(root, "blocks")).length === 0);
      },
    });
  } finally {
    rmSync(held, { force: true });
    for (const worker of workers) if (worker.process.exitCode === null) await worker.stop("SIGKILL");
    await producer.close();
  }
}

function byShell(root: string): string {
  const line = shellLine(recipe, { imageDirectory: join(root, "graph/large") });
  return `sha256:${shell(line).slice(0, 64)}`;
}

describe("a checksum half-way goes on where it was", () => {
  it.each(["SIGKILL", "SIGTERM"] as const)("when its worker gets %s", (signal) =>
    atSite(async ({ producer, startWorker, hold, letGo, halfWay, begun, expectRight }) => {
      hold();
      const victim = await startWorker("--threads", "1");
      const enqueued = await producer.enqueue("checksum", job);
      await halfWay();
      await victim.stop(signal);
      letGo();
      await startWorker();
      const { checksum, blocks, cached } = await producer.wait(enqueued);
      expect({ blocks, cached }).toEqual({ blocks: { total: 4, reused: 2, remote: 0 }, cached: false });
      expect(begun()).toBe(5);
      await expectRight(checksum);
    }),
  );

  it("when it was cancelled, and is asked for again", () =>
    atSite(async ({ producer, startWorker, hold, letGo, halfWay, expectRight }) => {
      hold();
      await startWorker("--threads", "1");
      const enqueued = await producer.enqueue("checksum", job);
      await halfWay();
      expect(await producer.cancel(enqueued.id)).toBe(true);
      letGo();
      const { checksum, blocks } = await runJob(producer, "checksum", job);
      expect(blocks).toEqual({ total: 4, reused: 2, remote: 0 });
      await expectRight(checksum);
    }));

  it("when its job's lock is lost, whoever does it", () =>
    atSite(async ({ producer, graph, startWorker, hold, letGo, halfWay, begun, expectRight }) => {
      hold();
      await startWorker("--threads", "1");
      await startWorker("--threads", "1");
      const enqueued = await producer.enqueue("checksum", job);
      await halfWay();
      const redis = new Redis(dock.redis);
      await redis.del(`${keyPrefix(graph)}:checksum:${enqueued.id}:lock`);
      redis.disconnect();
      await sleep(500);
      letGo();
      const { checksum } = await producer.wait(enqueued);
      expect(begun()).toBeLessThanOrEqual(5);
      await expectRight(checksum);
    }));

  it("with the blocks that are sound", () =>
    atSite(async ({ root, producer, startWorker, hold, letGo, halfWay, expectRight }) => {
      hold();
      const victim = await startWorker("--threads", "1");
      const enqueued = await producer.enqueue("checksum", job);
      await halfWay();
      await victim.stop("SIGKILL");
      const [one = ""] = readdirSync(join(root, "blocks")).filter((name) => /-[0-9a-f]{64}$/.test(name));
      truncateSync(join(root, "blocks", one), 1_000);
      letGo();
      await startWorker();
      const { checksum, blocks } = await producer.wait(enqueued);
      expect(blocks).toEqual({ total: 4, reused: 1, remote: 0 });
      await expectRight(checksum);
    }));

  it("but not with --block-cache 0", () =>
    atSite(async ({ root, producer, startWorker, begun, expectRight }) => {
      await startWorker("--block-cache", "0");
      const { checksum, blocks } = await runJob(producer, "checksum", job);
      expect(blocks).toEqual({ total: 4, reused: 0, remote: 0 });
      expect(begun()).toBe(4);
      await expectRight(checksum);
      expect(existsSync(join(root, "blocks"))).toBe(true);
    }));
});

it("two workers of a root do not compute the same checksum at once: one waits, and finds it stored", () =>
  atSite(async ({ producer, startWorker, begun, expectRight }) => {
    const flags = ["--checksum-concurrency", "1"];
    await Promise.all([startWorker(...flags), startWorker(...flags)]);
    // Two jobs, for they name the image in two ways.
    const jobs = [job, { ...job, id: "larg" }];
    const results = await Promise.all(jobs.map((each) => runJob(producer, "checksum", each)));
    expect(results.map(({ cached }) => cached).sort()).toEqual([false, true]);
    expect(new Set(results.map(({ checksum }) => checksum)).size).toBe(1);
    expect(begun()).toBe(4);
    await expectRight(results[0]?.checksum ?? "");
  }));

it("is right whatever is done to the blocks meanwhile", () =>
  dock.serving(
    async ({ producer, root }) => {
      writeSingleFileImage(root, "large", layer);
      const expected = byShell(root);
      const directory = join(root, "blocks");
      const { pick, between } = seededRandom(2026);
      let isOver = false;
      const wreck = async () => {
        for (; !isOver; await sleep(between(1, 40))) {
          try {
            const name = pick(readdirSync(directory));
            const path = join(directory, name);
            const deeds = [
              () => rmSync(directory, { recursive: true, force: true }),
              () => rmSync(path),
              () => truncateSync(path, between(0, 5_000)),
              () => appendFileSync(path, "more"),
              () => {
                rmSync(path);
                symlinkSync("/etc/passwd", path);
              },
              () => {
                rmSync(path);
                mkdirSync(path);
              },
              () => writeFileSync(path, "other"),
            ];
            pick(deeds)();
          } catch {
            // Nothing is there, or no longer.
          }
        }
      };
      const wrecking = wreck();
      for (let round = 0; round < 3; round++) {
        const { checksum } = await runJob(producer, "checksum", { ...job, force: true });
        expect(checksum).toBe(expected);
      }
      isOver = true;
      await wrecking;
    },
    { threads: 2 },
  ));
