// A lock between processes on a directory of the graph, which the kernel takes back when its holder dies.
import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { exitCodeOf, start, tools } from "../host/index.js";
import { isErrno, throwIfAborted } from "../terms/index.js";

/**
 * Runs `work` while no other `withLock` of any process runs for that directory, which is there all the while,
 * provided that whoever removes it takes the lock as well.
 *
 * The lock is flock(2), held by a `cat` whose stdin is a pipe of this process: if this process dies, however it
 * dies, the pipe closes, `cat` ends and the lock is free. No stale lock can be left and no file is made. A lock
 * is not taken twice: work that asks for the directory it holds waits for ever.
 * @throws the file system's `ENOENT` if the directory is not there; `TOOL_MISSING`; `CANCELLED` while it waits.
 * The signal has no say once `work` runs.
 */
export async function withLock<T>(
  directory: string,
  work: () => Promise<T>,
  signal?: AbortSignal | undefined,
): Promise<T> {
  return holding(directory, await acquire([directory], [], signal), work);
}

/** As `withLock`, but if another holds the lock, it is not waited for: the answer is undefined. */
export async function withFreeLock<T>(directory: string, work: () => Promise<T>): Promise<T | undefined> {
  let release: () => Promise<void>;
  try {
    release = await acquire([directory], ["--nonblock"], undefined);
  } catch (error) {
    if (exitCodeOf(tools.flock, error) === 1) return undefined;
    throw error;
  }
  return holding(directory, release, work);
}

/** How many locks one process takes, one after the other: each costs it a millisecond. */
const locksOfOneHolder = 64;

/**
 * As `withLock` for several directories at once, by a few processes that hold all of them. One that is not there is left out.
 * @param directories in any order: the caller makes sure that no two callers wait for each other
 * @param work gets those that are there
 */
export async function withLocks<T>(
  directories: readonly string[],
  work: (there: readonly string[]) => Promise<T>,
): Promise<T> {
  const there = directories.filter((directory) =>
    statSync(directory, { throwIfNoEntry: false })?.isDirectory(),
  );
  const [first] = there;
  if (first === undefined) return work([]);
  let release: () => Promise<void>;
  try {
    release = await acquireAll(there);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    return withLocks(there, work);
  }
  return holding(first, release, () => work(there));
}

async function holding<T>(
  directory: string,
  release: () => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    // Removed, by a holder before us, while we waited?
    await stat(directory);
    result = await work();
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
  await release();
  return result;
}

/** Takes many locks, by several processes side by side. */
async function acquireAll(directories: readonly string[]): Promise<() => Promise<void>> {
  const shares: string[][] = [];
  for (let begin = 0; begin < directories.length; begin += locksOfOneHolder)
    shares.push(directories.slice(begin, begin + locksOfOneHolder));
  const holders = await Promise.allSettled(shares.map((share) => acquire(share, [], undefined)));
  const release = async () => {
    const held = holders.filter((holder) => holder.status === "fulfilled");
    await Promise.all(held.map(({ value }) => value()));
  };
  const failed = holders.find((holder) => holder.status === "rejected");
  if (failed === undefined) return release;
  await release().catch(() => undefined);
  throw failed.reason;
}

async function acquire(
  directories: readonly string[],
  options: readonly string[],
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> {
  throwIfAborted(signal);
  const waiting = new AbortController();
  const giveUp = () => waiting.abort(signal?.reason);
  signal?.addEventListener("abort", giveUp, { once: true });
  // `DIR/.` because flock makes a file of a name that is not there. The signals that stop a whole process group
  // or service must not take the lock from work that they did not stop.
  const toHold = ["env", "--ignore-signal=HUP,INT,TERM", "cat"];
  const taking = directories.flatMap((directory) => {
    return [tools.flock.command, "--exclusive", "--no-fork", ...options, `${directory}/.`];
  });
  const holder = start(tools.flock, [...taking.slice(1), ...toHold], { signal: waiting.signal });
  try {
    const echoed = new Promise((resolve) => holder.stdout.once("data", resolve));
    holder.stdin.write("\n");
    await Promise.race([echoed, holder.done.then(() => Promise.reject(new Error("flock ended early")))]);
    // A holder that is being killed may still echo, and holds no lock.
    if (waiting.signal.aborted) await holder.done;
    throwIfAborted(signal);
  } catch (error) {
    if (!waiting.signal.aborted) for (const directory of directories) await stat(directory);
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
  return async () => {
    holder.stdin.end();
    await holder.done;
  };
}
