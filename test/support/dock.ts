// A worker on a root and a queue name of its own, with a producer: what the tests of the worker work with.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { JobData, JobName, JobResult } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { type RunningWorker, startWorker, type WorkerOptions } from "../../src/worker/index.js";
import { openDatabase } from "./redis/shared-redis.js";

export interface ServedGraph {
  readonly producer: Producer;
  readonly worker: RunningWorker;
  readonly root: string;
  readonly graphName: string;
}

/** What the tests of a file share: a database of Redis, a scratch directory, an archive in it. */
export interface Dock {
  readonly redis: string;
  readonly scratch: string;
  /** The path of a small tar with 5 entries and 11 bytes of files; its tree lies beside it in `base.d`. */
  readonly archive: string;
  /** Runs a worker for as long as `use` takes; a job may read below the scratch directory. */
  serving(use: (served: ServedGraph) => Promise<void>, options?: Partial<WorkerOptions>): Promise<void>;
}

/**
 * Opens one, on a database of the Redis that all share unless it is given a server, which it ends as well.
 * @param url how that is reached, if not as it says itself
 */
export async function openDock(
  redis?: AsyncDisposable & { readonly url: string },
  url = redis?.url,
): Promise<Dock & AsyncDisposable> {
  if (redis === undefined || url === undefined) return openDock(await openDatabase());
  const scratch = mkdtempSync(join(tmpdir(), "stevedore-dock-"));
  return {
    redis: url,
    scratch,
    archive: makeArchive(scratch),
    async serving(use, options = {}) {
      const root = mkdtempSync(join(scratch, "root-"));
      const graphName = `g-${randomUUID()}`;
      const settings = {
        redis: url,
        graph: graphName,
        root,
        allowedSources: [scratch],
        provesEngineLate: true,
      };
      const worker = await startWorker({ ...settings, ...options });
      const producer = openProducer({ redis: url, graph: graphName });
      try {
        await use({ producer, worker, root, graphName });
      } finally {
        await producer.close();
        await worker.close(0);
      }
    },
    async [Symbol.asyncDispose]() {
      await redis[Symbol.asyncDispose]();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** The same for a test file; to be called at its top. */
export function useDock(): Dock {
  let dock: (Dock & AsyncDisposable) | undefined;
  beforeAll(async () => {
    dock = await openDock();
  });
  afterAll(() => dock?.[Symbol.asyncDispose]());
  const opened = () => {
    if (dock === undefined) throw new Error("the dock is there once the tests run");
    return dock;
  };
  return {
    get redis() {
      return opened().redis;
    },
    get scratch() {
      return opened().scratch;
    },
    get archive() {
      return opened().archive;
    },
    serving: (use, options) => opened().serving(use, options),
  };
}

/** Enqueues a job and waits for its result. */
export async function runJob<Name extends JobName>(
  producer: Producer,
  name: Name,
  data: JobData<Name>,
): Promise<JobResult<Name>> {
  return producer.wait(await producer.enqueue(name, data));
}

/** Runs a line of bash in a clean environment and returns its stdout. */
export function shell(line: string): string {
  const env = { PATH: process.env.PATH };
  return execFileSync("bash", ["--norc", "-c", line], { encoding: "utf8", env }).trim();
}

/** What a job that failed must leave in a root that was empty: nothing. */
export function expectNothingLeft(root: string): void {
  expect(readdirSync(join(root, "graph")).filter((name) => name !== ":tmp:")).toEqual([]);
  if (existsSync(join(root, "graph/:tmp:"))) expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
  expect(readdirSync(join(root, "inbox"))).toEqual([]);
}

function makeArchive(scratch: string): string {
  const tree = join(scratch, "base.d");
  mkdirSync(join(tree, "etc"), { recursive: true });
  writeFileSync(join(tree, "etc/passwd"), "root:x:0:0\n");
  writeFileSync(join(tree, "etc/.wh.shadow"), "");
  symlinkSync("/etc/passwd", join(tree, "link"));
  execFileSync("mknod", [join(tree, "null"), "c", "1", "3"]);
  execFileSync("tar", ["-C", tree, "-cf", join(scratch, "base.tar"), "."]);
  return join(scratch, "base.tar");
}
