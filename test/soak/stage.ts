// What a soak plays on: a Redis, a worker and a root of its own, and whoever hands in the jobs.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { unmountBelow } from "../support/mounts/mounted.js";
import { type Running, startStevedore } from "../support/processes/stevedore.js";
import { startRedis } from "../support/redis/redis-server.js";
import { startRegistry } from "../support/registry/registry.js";
import { makeArchives } from "./archives.js";
import { type Conductor, openConductor } from "./conductor.js";
import { openGate } from "./gate.js";
import type { Supplies } from "./plan.js";
import { seededRandom } from "./random.js";
import { newRecording, type Recording } from "./record.js";
import type { Ledger } from "./root-sample.js";
import { newTally, type Tally } from "./tally.js";

export interface Stage extends Supplies {
  readonly conductor: Conductor;
  readonly redis: Redis;
  readonly worker: Running;
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly recording: Recording;
}

const graph = "soak";

/** Sets it up in a scratch directory, which is gone once it is disposed of. Waits until the worker serves. */
export async function openStage(seed: number): Promise<Stage & AsyncDisposable> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  const closing = <T extends AsyncDisposable>(opened: T): T => {
    closers.push(() => opened[Symbol.asyncDispose]());
    return opened;
  };
  try {
    const scratch = await mkdtemp(join(tmpdir(), "stevedore-soak-"));
    closers.push(() => rm(scratch, { recursive: true, force: true }));
    const root = join(scratch, "root");
    const random = seededRandom(seed);
    const archives = makeArchives(join(scratch, "archives"), random);
    const gate = closing(await openGate(archives.directory));
    const registry = closing(await startRegistry());
    const server = closing(await startRedis());
    const { url } = server;
    const redis = new Redis(url);
    closers.push(() => redis.disconnect());
    const worker = startStevedore(
      [
        ...["worker", "--redis", url, "--graph", graph, "--allow-source", archives.directory],
        ...[
          "--allow-host",
          gate.host,
          "--allow-private-addresses",
          ...["--allow-registry", registry.host, "--registry-insecure", registry.host],
          "--threads",
          "2",
          "--store-concurrency",
          "2",
        ],
      ],
      { root },
    );
    closers.push(async () => {
      await worker.stop("SIGKILL");
      unmountBelow(scratch);
    });
    // Ctrl-C reaches Redis and the worker as well: there is nothing to end in order, but nothing may stay.
    const leave = () => {
      worker.process.kill("SIGKILL");
      unmountBelow(scratch);
      rmSync(scratch, { recursive: true, force: true });
      void Promise.resolve(server[Symbol.asyncDispose]()).finally(() => process.exit(130));
    };
    process.once("SIGINT", leave);
    closers.push(() => process.off("SIGINT", leave));
    await worker.says(/ serving /);
    const conductor = closing(await openConductor(url, redis, graph));
    return {
      ...{ conductor, redis, worker, root, archives, gate, registry, random },
      ...{ tally: newTally(), ledger: { images: new Set(), mounts: new Set() }, recording: newRecording() },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
