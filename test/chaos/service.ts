// The service under trial: a worker process of the built binary, and its Redis, which can be killed and started again.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { noRedisRuns, type Running, startStevedore } from "../support/processes/stevedore.js";
import { processesOf, trialVariable } from "./auditor/host-audit.js";

export interface ServiceOptions {
  readonly root: string;
  /** The Redis of the queue; undefined for the one that `stevedore up` runs in the root. */
  readonly redis?: string | undefined;
  /** Where jobs may read archives. */
  readonly sources: string;
}

export interface Service {
  readonly graph: string;
  readonly url: string;
  /** The processes that shall be there: the worker, and the one Redis that `stevedore up` runs. */
  pids(): number[];
  /** Starts the worker and waits until it serves. What it said by then is returned. */
  start(): Promise<string>;
  /** The last that the worker said: to be told of with what was found. */
  lastWords(): string;
  /** `kill -9`; what the worker had started is left to itself. */
  killWorker(): Promise<void>;
  /** `kill -9` of a process that the worker has started, of one of these programs; false if none runs. */
  killTool(programs: readonly string[], pick: <T>(list: readonly T[]) => T): boolean;
  /** SIGTERM, and waits for the end. @throws if the worker does not end with 0 */
  stop(): Promise<void>;
  /** A producer of its own process, as another service would have. */
  openProducer(): Producer;
  /** A plain connection, for the auditor: to the service's Redis, or to where it is known to be. */
  openRedis(at?: string): Redis;
}

export function openService(options: ServiceOptions): Service {
  const { root, redis, sources } = options;
  const graph = "chaos";
  const url = redis ?? `${root}/run/redis.sock`;
  let running: Running | undefined;
  return {
    graph,
    url,
    pids() {
      const ownRedis = redis === undefined ? processesOf(root).filter(isRedis).slice(0, 1) : [];
      return [running?.process.pid ?? 0, ...ownRedis];
    },
    async start() {
      const command = redis === undefined ? ["up", "--no-server"] : ["worker", "--redis", redis];
      const flags = ["--graph", graph, "--allow-source", sources, "--grace", "20"];
      running = startStevedore([...command, ...flags], {
        root,
        env: { [trialVariable]: root },
      });
      await running.says(/ serving /);
      return running.output();
    },
    lastWords: () => running?.output().slice(-3_000) ?? "",
    async killWorker() {
      if (running === undefined) return;
      const exited = once(running.process, "exit");
      running.process.kill("SIGKILL");
      await exited;
      running = undefined;
    },
    killTool(programs, pick) {
      const candidates = processesOf(root).filter((pid) => programs.includes(programOf(pid)));
      if (candidates.length === 0) return false;
      try {
        process.kill(pick(candidates), "SIGKILL");
        return true;
      } catch {
        return false;
      }
    },
    async stop() {
      const ended = await running?.stop("SIGTERM");
      running = undefined;
      if (ended !== undefined && ended.code !== 0)
        throw new Error(`the worker ended with ${ended.code}: ${ended.stderr.slice(-2000)}`);
      if (redis === undefined && !noRedisRuns(root))
        throw new Error(`the embedded Redis of ${root} still runs`);
    },
    openProducer: () => openProducer({ redis: url, graph }),
    openRedis: (at = url) => connectPlainly(at),
  };
}

/** A connection of plain ioredis, which waits for a Redis that is away. */
export function connectPlainly(url: string): Redis {
  const connection = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
  connection.on("error", () => undefined);
  return connection;
}

/** The name of a process's program; empty if it has ended. */
function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "latin1").trim();
  } catch {
    return "";
  }
}

function isRedis(pid: number): boolean {
  return /^(redis|valkey)-server$/.test(programOf(pid));
}
