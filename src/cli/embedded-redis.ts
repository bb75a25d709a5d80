// The Redis that Stevedore runs itself: below the root, on a unix socket, with an append-only file.
// Whoever needs it first starts it, others attach, the last one out stops it. It holds a kernel lock
// (flock) for as long as it lives, so that a root never has two, however its starter ended.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { StevedoreError } from "../error.js";
import { toolEnvironment } from "../host/run.js";
import { tools } from "../host/tool.js";

/** A Redis that runs for this root, and this process's hold on it. */
export interface EmbeddedRedis {
  /** What to connect to. */
  readonly url: string;
  /** True if this process started it, false if it ran already. */
  readonly started: boolean;
  /**
   * True if this process shall start a worker: it is the first to ask, or whoever was told so has had time enough.
   * Of many commands that start at once, one works for all.
   */
  mayServe(): Promise<boolean>;
  /** Says that this process waits for no work of others any more, though it may still work for them. */
  needNoWorker(): Promise<void>;
  /** True while another process needs a worker. */
  isNeeded(): Promise<boolean>;
  /** Lets go; stops it, and waits for its end, if nobody else holds it. Never throws: it may be gone already. */
  release(): Promise<void>;
}

/** Marks a connection as a hold, in Redis's own list of clients: the kernel drops it when its process ends. */
const holdName = "stevedore-hold";
/** The same for a process that needs no worker but its own: two of these must not wait for each other. */
const servingName = "stevedore-serving";
const servantMark = "stevedore:servant";
/** How long a process has to start its worker before another may, in ms. */
const servantTime = 5_000;
const attachCounter = "stevedore:attached";
const closingMark = "stevedore:closing";
/** flock's exit code when another process has the lock. */
const lockTaken = 75;
/** A unix socket's address takes 108 bytes, the last of them NUL (unix(7)). */
const socketPathLimit = 107;
/** How long a Redis may take to start or to stop, in ms: it may have a long file to load. */
const patience = 60_000;
/** How long the mark of whoever stops a Redis stands, in ms: should that process die before it does. */
const closingTime = 5_000;
/** How long to wait for a Redis that is being stopped before its mark is looked at again, in ms. */
const closingPatience = 1_000;

/**
 * Attaches to the root's Redis; starts it if nobody has.
 * @throws `TOOL_MISSING` if neither redis-server nor valkey-server is there, `QUEUE_UNAVAILABLE` if it does
 * not start
 */
export async function holdEmbeddedRedis(root: string): Promise<EmbeddedRedis> {
  for (const directory of ["run", "queue"])
    await mkdir(join(root, directory), { recursive: true, mode: 0o700 });
  const url = await socketAddress(root);
  const deadline = Date.now() + patience;
  let started = false;
  while (Date.now() < deadline) {
    const hold = await connect(url);
    if (hold === undefined) started = await startServer(root, url);
    else if (await enter(hold).catch(() => false)) return held(hold, url, started);
    // Its last holder is stopping it: wait until it is gone, then start anew.
    else await ended(hold, closingPatience);
  }
  throw new StevedoreError("QUEUE_UNAVAILABLE", `the embedded Redis of ${root} does not answer`);
}

/** True if a Redis answers on the root's socket now. */
export async function embeddedRedisRuns(root: string): Promise<boolean> {
  const connection = await socketAddress(root)
    .then(connect)
    .catch(() => undefined);
  connection?.disconnect();
  return connection !== undefined;
}

function held(hold: Redis, url: string, started: boolean): EmbeddedRedis {
  /** How many connections go by one of these names. */
  const count = async (...names: string[]) =>
    String(await hold.client("LIST"))
      .split("\n")
      .filter((line) => names.some((name) => line.includes(` name=${name} `))).length;
  let needsWorker = true;
  /** Sets the mark that keeps others from entering; false if somebody else is in. */
  const lockOut = async () => {
    // Whoever enters after the WATCH changes the counter, and the mark is then not set.
    await hold.watch(attachCounter);
    if ((await count(holdName, servingName)) > 1) return false;
    const mark = hold.multi().set(closingMark, await runId(hold), "PX", closingTime);
    return (await mark.exec()) !== null;
  };
  return {
    url,
    started,
    async mayServe() {
      // The mark of an earlier run, which the server's file kept, would hold up the next command for its whole time.
      const mark = `${servantMark}:${await runId(hold)}`;
      return (await hold.set(mark, process.pid, "PX", servantTime, "NX")) !== null;
    },
    async needNoWorker() {
      if (hold.status !== "ready") return;
      await hold.client("SETNAME", servingName);
      needsWorker = false;
    },
    isNeeded: async () => hold.status === "ready" && (await count(holdName)) > (needsWorker ? 1 : 0),
    async release() {
      const end = ended(hold, patience);
      if (hold.status === "ready" && (await lockOut().catch(() => false))) {
        // The server closes the connection instead of answering.
        hold.shutdown("NOSAVE").catch(() => undefined);
      } else hold.disconnect();
      await end;
    },
  };
}

/** Registers a connection as a hold; false if the Redis is about to be stopped. */
async function enter(hold: Redis): Promise<boolean> {
  await hold.client("SETNAME", holdName);
  const results = await hold.multi().incr(attachCounter).get(closingMark).exec();
  return results?.[1]?.[1] !== (await runId(hold));
}

/** What this run of the server is called: the mark of an earlier run, which its file kept, means nothing. */
async function runId(hold: Redis): Promise<string> {
  return /^run_id:(\w+)/m.exec(await hold.info("server"))?.[1] ?? "";
}

/** Connects once, without trying again; undefined if nobody listens. */
async function connect(url: string): Promise<Redis | undefined> {
  const redis = new Redis({
    path: url,
    lazyConnect: true,
    // It would wait whole seconds for a server that loads its file, which takes milliseconds.
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let refused: NodeJS.ErrnoException | undefined;
  redis.on("error", (error: NodeJS.ErrnoException) => {
    refused ??= error;
  });
  try {
    await redis.connect();
    await loaded(redis);
    return redis;
  } catch (error) {
    // Disconnecting what never connected would keep the process alive for ioredis's time-out.
    if (redis.status !== "end") redis.disconnect();
    if (["ENOENT", "ECONNREFUSED"].includes(refused?.code ?? "")) return undefined;
    const message = (refused ?? (error as Error)).message;
    if (/Connection is closed/.test(message)) return undefined;
    throw new StevedoreError("QUEUE_UNAVAILABLE", `the embedded Redis at ${url}: ${message}`, {
      cause: error,
    });
  }
}

/** Resolves when the server has loaded its file. */
async function loaded(redis: Redis): Promise<void> {
  for (;;) {
    try {
      await redis.ping();
      return;
    } catch (error) {
      if (!(error as Error).message.startsWith("LOADING ")) throw error;
      await sleep(10);
    }
  }
}

/** Resolves when a connection has ended: by itself, or when `limit` ms have passed. */
async function ended(hold: Redis, limit: number): Promise<void> {
  if (hold.status === "end") return;
  await once(hold, "end", { signal: AbortSignal.timeout(limit) }).catch(() => hold.disconnect());
}

/** Starts the server and waits until it listens. False if another process is starting one. */
async function startServer(root: string, url: string): Promise<boolean> {
  for (const server of [tools.redis, tools.valkey]) {
    const outcome = await tryServer(server.command, root, url);
    if (outcome !== "not-installed") return outcome === "listening";
  }
  throw new StevedoreError(
    "TOOL_MISSING",
    `redis-server is not installed: install the package ${tools.redis.package} (apt-get install ${tools.redis.package}), or name a Redis with --redis URL`,
  );
}

/** Starts one of the servers; says how that went. @throws `TOOL_MISSING` for flock, `QUEUE_UNAVAILABLE` */
async function tryServer(
  command: string,
  root: string,
  url: string,
): Promise<"listening" | "lock-taken" | "not-installed"> {
  // `dir` is applied before the socket is made, so its path is relative to it, and short.
  const settings = [
    ...["--port", "0", "--unixsocket", "../run/redis.sock", "--unixsocketperm", "600"],
    ...[
      "--dir",
      join(root, "queue"),
      "--appendonly",
      "yes",
      "--save",
      "",
      "--maxmemory-policy",
      "noeviction",
    ],
    ...["--daemonize", "no", "--loglevel", "warning", "--logfile", "redis.log"],
  ];
  // flock hands the lock to the server it becomes. Its own session, so that Ctrl-C leaves it to us.
  const child = spawn(
    tools.flock.command,
    [
      "--no-fork",
      "--nonblock",
      "--conflict-exit-code",
      String(lockTaken),
      join(root, "run", "redis.lock"),
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
  for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(10)) {
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
    // flock's own code for a program that cannot be run: EX_NOINPUT or EX_OSERR (sysexits.h), 127 as a shell.
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
  const path = join(root, "queue", "redis.log");
  const log = await readFile(path, "utf8").catch(() => "");
  const lastLines = log.trim().split("\n").slice(-3).join("; ");
  const how = exitCode === null ? "does not listen" : `ended with exit code ${exitCode}`;
  return new StevedoreError(
    "QUEUE_UNAVAILABLE",
    `the embedded Redis of ${root} ${how} (${path}): ${lastLines}`,
  );
}

/** The socket's path; for one that is too long, the same through this process's descriptor of its directory. */
async function socketAddress(root: string): Promise<string> {
  const path = join(root, "run", "redis.sock");
  if (Buffer.byteLength(path) <= socketPathLimit) return path;
  const directory = await open(join(root, "run"));
  longRoots.push(directory);
  return `/proc/${process.pid}/fd/${directory.fd}/redis.sock`;
}
/** Kept open, and kept from the garbage collector, for as long as the process connects through them. */
const longRoots: unknown[] = [];
