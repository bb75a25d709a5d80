// A Redis, a warm worker in a process of its own, and a producer: what the rows measure on.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openProducer, type Producer } from "../src/producer/index.js";
import { binary } from "./stevedore.js";

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
  const scratch = mkdtempSync(join(process.env.STEVEDORE_BENCH_DIR ?? tmpdir(), "stevedore-bench-"));
  const root = join(scratch, "root");
  const redis = join(scratch, "redis.sock");
  const server = spawn(
    "redis-server",
    ["--port", "0", "--unixsocket", redis, "--save", "", "--dir", scratch],
    { stdio: "ignore" },
  );
  const worker = await startProcess([
    ...[binary, "worker", "--redis", redis, "--root", root, "--allow-source", scratch],
    ...["--checksum-concurrency", "16"],
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
      await end(server);
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

export interface BenchProcess extends AsyncDisposable {
  readonly pid: number;
  /** The line by which it said so. */
  readonly said: string;
}

/** Starts a script with this node; resolves when it says on stderr that it is serving, or what else is waited for. */
export async function startProcess(args: readonly string[], ready = "serving"): Promise<BenchProcess> {
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH },
  });
  const told: string[] = [];
  const said = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      told.push(line);
      if (line.includes(ready)) resolve(line);
    });
    child.once("exit", (code) => reject(new Error(`${args[0]} ended with ${code}: ${told.join("; ")}`)));
  });
  return { pid: child.pid ?? 0, said, [Symbol.asyncDispose]: () => end(child) };
}

/** The most memory a process has had resident, in bytes (proc(5): VmHWM). */
export function peakMemoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
