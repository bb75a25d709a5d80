// Starts the Redis of a root: on a unix socket, with an append-only file, under a kernel lock (flock) that the server holds
// for as long as it lives, so that a root never has two, however the process that started it ended.

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rootPath } from "../../disk/index.js";
import { toolEnvironment, tools } from "../../host/index.js";
import { StevedoreError } from "../../terms/index.js";
import { connect } from "./redis-socket.js";

/** flock's exit code when another process has the lock. */
const lockTaken = 75;
/** How long a Redis may take to start, in ms: it may have a long file to load. */
const patience = 60_000;

/** Starts the server and waits until it listens. False if another process is starting one. */
export async function startServer(root: string, url: string): Promise<boolean> {
  for (const server of [tools.redis, tools.valkey]) {
    const outcome = await tryServer(server.command, root, url);
    if (outcome !== "not-installed") return outcome === "listening";
  }
  throw new StevedoreError(
    "TOOL_MISSING",
    `redis-server is not installed: install the package ${tools.redis.package} (apt-get install ${tools.redis.package}), or name a Redis with --redis URL`,
  );
}

/** Tries to start one of the servers. @throws `TOOL_MISSING` for flock, `QUEUE_UNAVAILABLE` */
async function tryServer(
  command: string,
  root: string,
  url: string,
): Promise<"listening" | "lock-taken" | "not-installed"> {
  const directory = rootPath(root, "queue");
  // `dir` is applied before the socket is made, so that the socket's path can be relative, and short.
  const socket = relative(directory, rootPath(root, "redisSocket"));
  const logFile = relative(directory, rootPath(root, "redisLog"));
  const settings = [
    ...["--port", "0", "--unixsocket", socket, "--unixsocketperm", "600"],
    ...["--dir", directory, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"],
    // An acknowledged job survives a power cut; with one worker this costs next to nothing.
    ...["--appendfsync", "always"],
    ...["--daemonize", "no", "--loglevel", "warning", "--logfile", logFile],
  ];
  // flock becomes the server, which keeps the lock. Detached, so that Ctrl-C does not reach it.
  const child = spawn(
    tools.flock.command,
    [
      "--no-fork",
      "--nonblock",
      "--conflict-exit-code",
      String(lockTaken),
      rootPath(root, "redisLock"),
      command,
      ...settings,
    ],
    { detached: true, stdio: "ignore", env: toolEnvironment() },
  );
  let failure: Error | undefined;
  let exitCode: number | null | undefined;
  child.on("error", (error) => {
    failure = error;
  });
  child.on("exit", (code) => {
    exitCode = code;
  });
  child.unref();
  for (const deadline = performance.now() + patience; performance.now() < deadline; await sleep(10)) {
    if (failure !== undefined) {
      throw new StevedoreError(
        "TOOL_MISSING",
        `flock is not installed: install the package ${tools.flock.package}`,
        { cause: failure },
      );
    }
    if (exitCode === lockTaken) {
      await sleep(50);
      return "lock-taken";
    }
    // flock's exit codes for a program that cannot be run (sysexits.h), and 127 as a shell's.
    if (exitCode !== undefined && [66, 69, 71, 127].includes(exitCode ?? 0)) return "not-installed";
    if (exitCode !== undefined) throw await didNotStart(root, exitCode);
    const probe = await connect(url);
    if (probe !== undefined) {
      probe.disconnect();
      return "listening";
    }
  }
  throw await didNotStart(root, null);
}

async function didNotStart(root: string, exitCode: number | null): Promise<StevedoreError> {
  const path = rootPath(root, "redisLog");
  const log = await readFile(path, "utf8").catch(() => "");
  const lastLines = log.trim().split("\n").slice(-3).join("; ");
  const how = exitCode === null ? "does not listen" : `ended with exit code ${exitCode}`;
  return new StevedoreError(
    "QUEUE_UNAVAILABLE",
    `the embedded Redis of ${root} ${how} (${path}): ${lastLines}`,
  );
}
