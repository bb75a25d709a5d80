// A Redis, a warm worker in a process of its own, and a producer: what the rows measure on.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openProducer, type Producer } from "../src/producer/index.js";
import { binary } from "./stevedore.js";

/** Where registries of the rows listen, each on a port of its own, by plain HTTP. */
const loopback = "127.0.0.1";

export interface Dock extends AsyncDisposable {
  readonly scratch: string;
  readonly root: string;
  readonly redis: string;
  readonly producer: Producer;
  /** The most memory the worker's node process has had resident, in bytes. */
  peakMemory(): number;
}

/** Starts all of it; resolves when the worker serves. */
export async function openDock(): Promise<Dock> {
  const place = openPlace();
  const { scratch, root, redis } = place;
  const worker = await startProcess([
    ...[binary, "worker", "--redis", redis, "--root", root, "--allow-source", scratch],
    ...["--checksum-concurrency", "16", "--allow-registry", loopback, "--registry-insecure", loopback],
  ]);
  const producer = openProducer({ redis });
  return {
    scratch,
    root,
    redis,
    producer,
    peakMemory: () => peakMemoryOf(worker.pid),
    async [Symbol.asyncDispose]() {
      await producer.close();
      await worker[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** A directory for a row, with a root to be and a Redis. */
interface Place extends AsyncDisposable {
  readonly scratch: string;
  readonly root: string;
  /** The Redis's socket. */
  readonly redis: string;
  readonly redisPid: number;
}

/** Makes the directory and starts the Redis; both go when it is disposed of. */
export function openPlace(): Place {
  const scratch = mkdtempSync(join(process.env.STEVEDORE_BENCH_DIR ?? tmpdir(), "stevedore-bench-"));
  const redis = join(scratch, "redis.sock");
  const server = spawn(
    "redis-server",
    ["--port", "0", "--unixsocket", redis, "--save", "", "--dir", scratch],
    { stdio: "ignore" },
  );
  return {
    ...{ scratch, root: join(scratch, "root"), redis, redisPid: server.pid ?? 0 },
    async [Symbol.asyncDispose]() {
      await end(server);
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

export interface BenchProcess extends AsyncDisposable {
  readonly pid: number;
  /** The line by which it said so. */
  readonly said: string;
  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

export interface ProcessOptions {
  /** What it says on stderr when it is ready. Default: that it is serving. */
  readonly ready?: string;
  /** A program and its arguments that becomes it. */
  readonly within?: readonly string[];
  /** Added to its environment, which otherwise has a PATH alone. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a script with this node; resolves when it is ready. */
export async function startProcess(
  args: readonly string[],
  { ready = "serving", within = [], env = {} }: ProcessOptions = {},
): Promise<BenchProcess> {
  const [program = "", ...rest] = [...within, process.execPath, ...args];
  const child = spawn(program, rest, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH, ...env },
  });
  const told: string[] = [];
  const said = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      told.push(line);
      if (line.includes(ready)) resolve(line);
    });
    child.once("exit", (code) => reject(new Error(`${args[0]} ended with ${code}: ${told.join("; ")}`)));
  });
  return {
    pid: child.pid ?? 0,
    said,
    stop: (signal) => end(child, signal),
    [Symbol.asyncDispose]: () => end(child),
  };
}

/** The most memory a process has had resident, in bytes (proc(5): VmHWM). */
export function peakMemoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}
