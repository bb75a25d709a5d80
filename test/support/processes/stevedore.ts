// Runs the built binary as a user does, in a process of its own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** The built binary: `npm run build` makes it. */
export const binary = join(import.meta.dirname, "../../../dist/cli/main.js");

export interface StevedoreOptions {
  /** Given as `--root`. */
  readonly root?: string;
  /** Added to the environment, which otherwise names no root, Redis or graph; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What stdin brings. Default: nothing. */
  readonly stdin?: Buffer | Readable;
  readonly cwd?: string;
  /** A program and its arguments that is to run it. */
  readonly within?: readonly string[];
}

/** What became of a command. */
export interface Ended {
  /** The exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The document on stdout; undefined unless it is exactly one line of JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by name, and fail where the name is not there
  readonly json: any;
}

/** A command that runs. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stdout or stderr has said this; rejects if the command ends without. */
  says(pattern: RegExp): Promise<void>;
  /** What it has said so far, on stdout and stderr. */
  output(): string;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Runs a command to its end. */
export async function stevedore(args: readonly string[], options: StevedoreOptions = {}): Promise<Ended> {
  return startStevedore(args, options).ended;
}

/** Starts a command. */
export function startStevedore(args: readonly string[], options: StevedoreOptions = {}): Running {
  const { root, env, stdin, cwd, within = [] } = options;
  const given = root === undefined ? args : [...args, "--root", root];
  const [program = "", ...rest] = [...within, process.execPath, binary, ...given];
  const child = spawn(program, rest, {
    cwd,
    env: { ...plainEnvironment(), ...env },
    stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      child.emit("said");
    });
  }
  // A command that refuses its input does not read it to the end.
  child.stdin?.on("error", () => undefined);
  if (Buffer.isBuffer(stdin)) child.stdin?.end(stdin);
  else if (child.stdin !== null) stdin?.pipe(child.stdin);

  const ended = once(child, "close").then(([code]) => {
    child.emit("said");
    return { code: code as number | null, ...output, json: parseDocument(output.stdout) };
  });
  return {
    process: child,
    ended,
    async says(pattern) {
      while (!pattern.test(output.stdout + output.stderr)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          const { code, stdout, stderr } = await ended;
          if (pattern.test(stdout + stderr)) return;
          throw new Error(`ended with ${code} and never said ${pattern}: ${stdout}${stderr}`);
        }
        await once(child, "said");
      }
    },
    output: () => output.stdout + output.stderr,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}

/** Starts `stevedore up` on a root, without the HTTP server, and waits until it serves. */
export async function serveRoot(
  root: string,
  args: readonly string[] = [],
  options: StevedoreOptions = {},
): Promise<Running> {
  const up = startStevedore(["up", "--no-server", ...args], { root, ...options });
  await up.says(/ serving /);
  return up;
}

/** True if no Redis of this root is left, by the kernel's own lock on it; one that is ending is waited for. */
export function noRedisRuns(root: string): boolean {
  const lock = join(root, "run/redis.lock");
  if (!existsSync(lock)) return true;
  try {
    execFileSync("flock", ["--wait", "60", lock, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** This process's environment without what would configure a command. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const {
    STEVEDORE_ROOT,
    STEVEDORE_REDIS_URL,
    STEVEDORE_GRAPH,
    STEVEDORE_HOST,
    STEVEDORE_TOKEN,
    STEVEDORE_READ_TOKEN,
    STEVEDORE_LOG_FORMAT,
    STEVEDORE_TRACES,
    REDIS_URL,
    ...rest
  } = process.env;
  return rest;
}

/** The document on a stdout; undefined unless it is exactly one line of JSON. */
export function parseDocument(stdout: string): unknown {
  const [line, ...others] = stdout.split("\n");
  if (line === undefined || others.join("\n") !== "") return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
