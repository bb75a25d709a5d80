// The Redis that Stevedore runs itself: below the root, on a unix socket, with an append-only file. The first process that
// needs it starts it, others attach, its holders restart it if it dies, and the last one to leave stops it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { assertWritable, makeDirectory, rootPath } from "../../disk/index.js";
import { StevedoreError } from "../../terms/index.js";
import { startServer } from "./redis-process.js";
import { connect, ended, socketAddress } from "./redis-socket.js";

/** This process's hold on the root's Redis. */
export interface EmbeddedRedis {
  /** The URL to connect to. */
  readonly url: string;
  /** True if this process started it, false if it ran already. */
  readonly started: boolean;
  /**
   * True if this process is to start a worker: it is the first to ask, or the one before it has had time enough. Of many
   * commands that start at once, one works for all.
   */
  mayServe(): Promise<boolean>;
  /** Declares that this process no longer needs other processes' workers, though it may still work for them. */
  releaseInterest(): Promise<void>;
  /** True while another process needs a worker. */
  isNeeded(): Promise<boolean>;
  /** Gives the hold up. If nobody else holds the Redis, stops it and waits for its end. Never throws: it may be gone already. */
  release(): Promise<void>;
}

/** The client name of a connection that is a hold: Redis lists it for as long as its process lives. */
const holdName = "stevedore-hold";
/** The same for a process that needs no worker of others: two of these must not wait for each other. */
const servingName = "stevedore-serving";
const electionKey = "stevedore:servant";
/** How long a process has to start its worker before another may, in ms. */
const electionTerm = 5_000;
const attachCounter = "stevedore:attached";
const closingMark = "stevedore:closing";
/** How long a Redis may take to start or to stop, in ms: it may have a long file to load. */
const patience = 60_000;
/** After what time the mark of a process that stops a Redis expires, in ms, in case it dies before. */
const closingTime = 5_000;
/** How long to wait before a Redis that died and did not start is tried again, in ms. */
const restartInterval = 1_000;
/** How long to wait for a Redis that is being stopped before its mark is looked at again, in ms. */
const closingPatience = 1_000;

/**
 * Attaches to the root's Redis, and starts it if nobody has. If it dies while it is held, it is started again: its file
 * has all that it had acknowledged.
 * @param tell called with a line when that happens
 * @throws `TOOL_MISSING` if neither redis-server nor valkey-server is there, `QUEUE_UNAVAILABLE` if it does
 * not start, what `assertWritable` throws
 */
export async function holdEmbeddedRedis(
  root: string,
  tell: (line: string) => void = () => {},
): Promise<EmbeddedRedis> {
  await assertWritable(root);
  for (const entry of ["run", "queue"] as const) makeDirectory(rootPath(root, entry), 0o700);
  const url = await socketAddress(root);
  const { hold, started } = await attach(root, url);
  return held(hold, url, started, async () => {
    const again = await attach(root, url);
    tell(`the embedded Redis of ${root} had died: ${again.started ? "started it" : "it was started"} again`);
    return again.hold;
  });
}

/** Starts the server if it does not run, and registers a hold. */
async function attach(root: string, url: string): Promise<{ hold: Redis; started: boolean }> {
  const deadline = performance.now() + patience;
  let started = false;
  while (performance.now() < deadline) {
    const hold = await connect(url);
    if (hold === undefined) started = await startServer(root, url);
    else if (await enter(hold).catch(() => false)) return { hold, started };
    // Its last holder is stopping it: wait until it is gone, then start it.
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

function held(first: Redis, url: string, started: boolean, attachAgain: () => Promise<Redis>): EmbeddedRedis {
  let hold = first;
  let isReleased = false;
  let needsWorker = true;
  /** Resolves when a Redis that died is back. */
  let isBack: Promise<void> = Promise.resolve();
  const watch = () =>
    hold.once("end", () => {
      if (!isReleased) isBack = comeBack();
    });
  const comeBack = async () => {
    while (!isReleased) {
      try {
        hold = await attachAgain();
        watch();
        if (!needsWorker) await hold.client("SETNAME", servingName);
        return;
      } catch {
        // As on a full disk: those who use this Redis see that it does not answer.
        await sleep(restartInterval);
      }
    }
  };
  watch();

  /** How many connections have one of these client names. */
  const count = async (...names: string[]) =>
    String(await hold.client("LIST"))
      .split("\n")
      .filter((line) => names.some((name) => line.includes(` name=${name} `))).length;
  /** Sets the mark that keeps others from attaching; false if somebody else holds it. */
  const lockOut = async () => {
    // A process that attaches after the WATCH changes the counter: then the mark is not set.
    await hold.watch(attachCounter);
    if ((await count(holdName, servingName)) > 1) return false;
    const mark = hold.multi().set(closingMark, await runId(hold), "PX", closingTime);
    return (await mark.exec()) !== null;
  };
  return {
    url,
    started,
    async mayServe() {
      // With the run's id: the mark of an earlier run, which the server's file keeps, would delay the next command.
      const mark = `${electionKey}:${await runId(hold)}`;
      return (await hold.set(mark, process.pid, "PX", electionTerm, "NX")) !== null;
    },
    async releaseInterest() {
      needsWorker = false;
      if (hold.status === "ready") await hold.client("SETNAME", servingName);
    },
    isNeeded: async () => hold.status === "ready" && (await count(holdName)) > (needsWorker ? 1 : 0),
    async release() {
      isReleased = true;
      await isBack;
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

/** The id of this run of the server. Marks of earlier runs, which its file keeps, do not count. */
async function runId(hold: Redis): Promise<string> {
  return /^run_id:(\w+)/m.exec(await hold.info("server"))?.[1] ?? "";
}
