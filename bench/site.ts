// A Redis, a root, and workers and compressors of it: what the rows of blocks measure on.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openProducer, type Producer } from "../src/producer/index.js";
import { type BenchProcess, openPlace, startProcess } from "./dock.js";
import { shell } from "./shell.js";
import { binary } from "./stevedore.js";

/** How a process of a site runs. */
export interface SiteProcessOptions {
  readonly threads: number;
  /** The one core that it may use. Default: all. */
  readonly core?: number;
  readonly env?: Readonly<Record<string, string>>;
}

interface SiteWorkerOptions extends SiteProcessOptions {
  /** Bytes of blocks that are left to compressors at a time. Default: the worker's. */
  readonly offloadMemory?: number;
}

export interface Site extends AsyncDisposable {
  readonly scratch: string;
  readonly root: string;
  readonly producer: Producer;
  readonly redisPid: number;
  startWorker(options: SiteWorkerOptions): Promise<BenchProcess>;
  startCompressor(options: SiteProcessOptions): Promise<BenchProcess>;
  /** Puts an image into the root whose layer `fill`, lines of the shell, makes in its working directory. */
  addImage(id: string, fill: string): Promise<void>;
  /** The directory of an image. */
  imageDirectory(id: string): string;
}

/** Starts the Redis. What is started after that ends with the site. */
export async function openSite(): Promise<Site> {
  const place = openPlace();
  const { scratch, root, redis, redisPid } = place;
  const producer = openProducer({ redis });
  const started: BenchProcess[] = [];
  const imageDirectory = (id: string) => join(root, "graph", id);
  const start = async (args: readonly string[], ready: string, options: SiteProcessOptions) => {
    const { threads, core, env = {} } = options;
    const within = core === undefined ? [] : ["taskset", "-c", `${core}`];
    const flags = ["--redis", redis, "--threads", `${threads}`];
    const process = await startProcess([binary, ...args, ...flags], { ready, within, env });
    started.push(process);
    return process;
  };
  return {
    ...{ scratch, root, producer, imageDirectory, redisPid },
    startWorker({ offloadMemory, ...options }) {
      const offload = offloadMemory === undefined ? [] : ["--offload-memory", `${offloadMemory}`];
      return start(["worker", "--root", root, "--grace", "0", ...offload], "serving", options);
    },
    startCompressor: (options) => start(["compressor"], "compressing", options),
    async addImage(id, fill) {
      const layer = join(imageDirectory(id), "layer");
      mkdirSync(layer, { recursive: true });
      await shell(fill, layer);
      writeFileSync(join(imageDirectory(id), "json"), JSON.stringify({ id, container_config: {} }));
    },
    async [Symbol.asyncDispose]() {
      await producer.close();
      await Promise.all(started.map((process) => process[Symbol.asyncDispose]()));
      await place[Symbol.asyncDispose]();
    },
  };
}
