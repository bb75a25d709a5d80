// A lock between processes on a directory of the graph, which the kernel takes back when its holder dies.
import { stat } from "node:fs/promises";
import { throwIfAborted } from "../error.js";
import { exitCodeOf, start } from "../host/run.js";
import { tools } from "../host/tool.js";

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
  return holding(directory, await acquire(directory, [], signal), work);
}

/** As `withLock`, but if another holds the lock, it is not waited for: the answer is undefined. */
export async function withFreeLock<T>(directory: string, work: () => Promise<T>): Promise<T | undefined> {
  let release: () => Promise<void>;
  try {
    release = await acquire(directory, ["--nonblock"], undefined);
  } catch (error) {
    if (exitCodeOf(tools.flock, error) === 1) return undefined;
    throw error;
  }
  return holding(directory, release, work);
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

async function acquire(
  directory: string,
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
  const holder = start(tools.flock, ["--exclusive", "--no-fork", ...options, `${directory}/.`, ...toHold], {
    signal: waiting.signal,
  });
  try {
    const echoed = new Promise((resolve) => holder.stdout.once("data", resolve));
    holder.stdin.write("\n");
    await Promise.race([echoed, holder.done.then(() => Promise.reject(new Error("flock ended early")))]);
    // The echo of a holder that is being killed is no lock.
    if (waiting.signal.aborted) await holder.done;
    throwIfAborted(signal);
  } catch (error) {
    if (!waiting.signal.aborted) await stat(directory);
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
  return async () => {
    holder.stdin.end();
    await holder.done;
  };
}
