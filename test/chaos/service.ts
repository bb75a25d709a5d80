// The service under trial: a worker process of the built binary, and its Redis, which can be killed and started again.
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
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
  /**
   * `kill -9` of a process that the worker has started, of one of these programs. Where none runs, the next is waited for,
   * for a second. Returns the program, or undefined.
   */
  killTool(programs: readonly string[], pick: <T>(list: readonly T[]) => T): Promise<string | undefined>;
  /** `kill -9` of the Redis that `stevedore up` runs; false if none runs. */
  killRedis(): boolean;
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
  const worker = () => running?.process.pid ?? 0;
  return {
    graph,
    url,
    pids() {
      const ownRedis = redis === undefined ? processesOf(root).filter(isRedis).slice(0, 1) : [];
      return [worker(), ...ownRedis];
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
    async killTool(programs, pick) {
      for (const deadline = Date.now() + toolPatience; Date.now() < deadline; await sleep(5)) {
        const running = descendantsOf(worker()).flatMap((pid) => {
          const program = programOf(pid);
          return programs.includes(program) ? [{ pid, program }] : [];
        });
        if (running.length === 0) continue;
        const { pid, program } = pick(running);
        if (kill(pid)) return program;
      }
      return undefined;
    },
    killRedis: () => processesOf(root).filter(isRedis).some(kill),
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

/** How long a tool is waited for that can be killed, in ms. */
const toolPatience = 1_000;

/** False if it has ended. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** The processes that one has started, and those that these have (proc(5): /proc/PID/task/TID/children). */
function descendantsOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return [];
  }
}

/** The name of a process's program (proc(5): /proc/PID/stat); empty if it has ended, and if only its parent does not know that yet. */
function programOf(pid: number): string {
  try {
    const [, program = "", state] = /\((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
    return state === "Z" ? "" : program;
  } catch {
    return "";
  }
}

function isRedis(pid: number): boolean {
  return /^(redis|valkey)-server$/.test(programOf(pid));
}

/** Lends a connection to the Redis of a service. */
export async function withRedis(
  service: Service,
  use: (plain: ReturnType<Service["openRedis"]>) => Promise<void>,
): Promise<void> {
  const plain = service.openRedis();
  try {
    await use(plain);
  } finally {
    plain.disconnect();
  }
}
