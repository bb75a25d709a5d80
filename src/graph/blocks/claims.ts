// Claims: a process says that it is at some work, so that no other of any host that shares the root does the same at the
// same time. A claim is a symbolic link whose target names its owner: one system call makes it, together with what it says.
// It leads nowhere and nobody follows it. A claim that is lost costs work that is done twice, never a wrong result.
import { lstatSync, lutimesSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ownerOf, ownerStatus, ownName, rootPath, withLock } from "../../disk/index.js";
import { cancelled, isErrno, throwIfAborted } from "../../terms/index.js";
import type { Graph } from "../graph.js";
import { makeBlocksDirectory } from "./directory.js";
import { claimName } from "./names.js";

export interface Claims {
  /**
   * Returns what `look` finds; where that is nothing, what `make` makes while nobody else is at the same work. Who finds
   * others at it waits until there is something to find, or they have given up. Where no claim can be made, as on a full
   * or a read-only disk, the work is done without one.
   * @param work as `blockName` and `checksumName` name it
   * @throws what `look` and `make` throw; `CANCELLED` while others are waited for
   */
  findOrMake<Found, Made>(
    work: string,
    look: () => Promise<Found | undefined>,
    make: () => Promise<Made>,
    signal: AbortSignal,
  ): Promise<{ readonly found: Found } | { readonly made: Made }>;
}

/** In ms. Whose claim has not been renewed for so long, seen from here, is gone or stands still. */
const defaultPatience = 30_000;

/** What is seen of the claim of somebody else. */
interface SeenClaim {
  /** The name of its owner; undefined for what is no claim. */
  readonly owner: string | undefined;
  /** The claim as it is, and when it was renewed. */
  readonly stamp: string;
}

/** Opens the claims of a root. @param patience in ms, after which a claim that is not renewed is gone */
export function openClaims({ root, host }: Pick<Graph, "root" | "host">, patience = defaultPatience): Claims {
  /** What this process is at, by the work's name. */
  const atWork = new Map<string, Promise<unknown>>();
  const held = new Set<string>();
  let renewal: NodeJS.Timeout | undefined;

  function hold(path: string): void {
    held.add(path);
    renewal ??= setInterval(() => held.forEach(renew), patience / 6).unref();
  }

  function letGo(path: string, token: string): void {
    held.delete(path);
    if (held.size === 0) {
      clearInterval(renewal);
      renewal = undefined;
    }
    // Not one that another process has taken over meanwhile.
    if (see(path)?.owner === token) remove(path);
  }

  /** Waits a little for somebody else, or takes over what is left of them. @returns false if that cannot be done */
  async function waitOrTakeOver(path: string, watch: Watch, signal: AbortSignal): Promise<boolean> {
    const seen = see(path);
    if (seen === undefined) return true;
    if (!watch.hasStoodStill(seen) && !(await isOfTheGone(seen, host))) {
      await sleep(pollMs, undefined, { signal }).catch(() => throwIfAborted(signal));
      return true;
    }
    // Of several that take it over at once the first does, and the others must not remove the claim of that one.
    const takeOver = async () => see(path)?.stamp !== seen.stamp || remove(path);
    try {
      return await withLock(rootPath(root, "blocks"), takeOver, signal);
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return true;
      throw error;
    }
  }

  return {
    async findOrMake(work, look, make, signal) {
      const path = rootPath(root, "blocks", claimName(work));
      const watch = openWatch(patience);
      let token: string | undefined;
      for (let canClaim = true; ; ) {
        const found = await look();
        if (found !== undefined) return { found };
        token ??= await ownName(host);
        throwIfAborted(signal);
        const other = atWork.get(work);
        if (other !== undefined) {
          await untilSettled(other, signal);
          continue;
        }
        const claim = canClaim ? tryClaim(root, path, token) : "impossible";
        if (claim === "of another") {
          canClaim = await waitOrTakeOver(path, watch, signal);
          continue;
        }
        if (claim === "ours") hold(path);
        const working = (async () => {
          // Somebody else may have come to the end since it was looked for.
          const late = await look();
          return late === undefined ? { made: await make() } : { found: late };
        })();
        atWork.set(work, working);
        try {
          return await working;
        } finally {
          atWork.delete(work);
          if (claim === "ours") letGo(path, token);
        }
      }
    },
  };
}

/** How often is looked whether others have come to the end, in ms: network file systems do not tell. */
const pollMs = 150;

/**
 * Removes claims of processes that are gone: those that nobody waits for.
 * @throws the errors of the file system; `TOOL_MISSING`
 */
export async function removeAbandonedClaims(
  { root, host }: Pick<Graph, "root" | "host">,
  names: readonly string[],
): Promise<void> {
  const gone: [path: string, stamp: string][] = [];
  for (const name of names) {
    const path = rootPath(root, "blocks", name);
    const seen = see(path);
    if (seen !== undefined && (await isOfTheGone(seen, host))) gone.push([path, seen.stamp]);
  }
  if (gone.length === 0) return;
  await withLock(rootPath(root, "blocks"), async () => {
    for (const [path, stamp] of gone) if (see(path)?.stamp === stamp) remove(path);
  });
}

type Watch = ReturnType<typeof openWatch>;

/** Watches a claim, by this host's own clock: those of two hosts may be far apart. */
function openWatch(patience: number) {
  let last = "";
  let since = 0;
  return {
    /** True if it has been the same, and not renewed, for as long as patience lasts. */
    hasStoodStill({ stamp }: SeenClaim): boolean {
      const now = performance.now();
      if (stamp !== last) since = now;
      last = stamp;
      return now - since > patience;
    },
  };
}

function tryClaim(root: string, path: string, token: string): "ours" | "of another" | "impossible" {
  try {
    if (!makeBlocksDirectory(root)) return "impossible";
    symlinkSync(token, path);
    return "ours";
  } catch (error) {
    return isErrno(error, "EEXIST") ? "of another" : "impossible";
  }
}

async function isOfTheGone({ owner }: SeenClaim, host: string): Promise<boolean> {
  const process = owner === undefined ? undefined : ownerOf(owner);
  // What does not name an owner is not a claim.
  return process === undefined || (await ownerStatus(process, host)) === "gone";
}

function see(path: string): SeenClaim | undefined {
  try {
    const { ino, mtimeNs } = lstatSync(path, { bigint: true });
    const owner = readLink(path);
    return { owner, stamp: `${ino} ${mtimeNs} ${owner}` };
  } catch (error) {
    return isErrno(error, "ENOENT", "ENOTDIR") ? undefined : { owner: undefined, stamp: "" };
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isErrno(error, "EINVAL")) return undefined;
    throw error;
  }
}

function renew(path: string): void {
  const now = Date.now() / 1_000;
  try {
    lutimesSync(path, now, now);
  } catch {
    // It is gone, or the next time will do.
  }
}

/** @returns false if it is still there */
function remove(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    return isErrno(error, "ENOENT");
  }
}

async function untilSettled(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let giveUp = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(cancelled(signal));
  });
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await Promise.race([work.catch(() => undefined), aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
