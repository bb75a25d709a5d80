// Makes sure that a layer did not change while it was read.

import { createHash } from "node:crypto";
import { networkFileSystem } from "../disk/index.js";
import { exitCodeOf, findRecords, tools } from "../host/index.js";
import { StevedoreError } from "../terms/index.js";

/** How many times a layer is read that changes while it is read. */
const reads = 3;
/** The kernel's time of a change may lag so far behind the clock, in ms: a tick of the slowest timer, and some more. */
const tick = 20;

/**
 * Returns what `read` makes of a layer. If the layer changed meanwhile it reads again, three times in all.
 * @param holds tells whether the result is good; it may ask whether the layer changed. Not called where tar itself says
 * that the layer changed
 * @throws `CHECKSUM_MISMATCH` if the layer changed each time; what `read` throws; `CANCELLED`
 */
export async function readSteadily<T>(
  layerDirectory: string,
  read: () => Promise<T>,
  holds: (result: T, hasChanged: () => Promise<boolean>) => Promise<boolean>,
  signal?: AbortSignal | undefined,
): Promise<T> {
  for (let count = 1; ; count++) {
    const begun = Date.now() - tick;
    const since = performance.now();
    // Its server's clock stamps the files there.
    const before =
      (await networkFileSystem(layerDirectory)) === undefined
        ? undefined
        : await stampsOf(layerDirectory, signal);
    let cause: unknown;
    try {
      const result = await read();
      const hasChanged = async () => {
        if (before !== undefined) return (await stampsOf(layerDirectory, signal)) !== before;
        // A clock that was set back since stamps what changes with times from before the beginning.
        const setBack = Math.max(0, begun + tick + (performance.now() - since) - Date.now());
        return await hasChangedSince(layerDirectory, begun - setBack, signal);
      };
      if (await holds(result, hasChanged)) return result;
    } catch (error) {
      if (!saysChanged(error)) throw error;
      cause = error;
    }
    if (count < reads) continue;
    const notice = cause instanceof Error ? `: ${cause.message}` : "";
    throw new StevedoreError(
      "CHECKSUM_MISMATCH",
      `the layer ${layerDirectory} changes while it is read${notice}`,
      { cause },
    );
  }
}

/** GNU tar exits with 1 if a file changed, shrank or vanished while it was read, and with 2 for any other error. */
function saysChanged(error: unknown): boolean {
  return exitCodeOf(tools.tar, error) === 1;
}

/**
 * True if a name, content or attributes in the layer were changed since then. It goes by the ctime of the inodes, which
 * nobody can set back as `touch` sets back the mtime. Making a hard link to a file changes its ctime too.
 */
async function hasChangedSince(
  layerDirectory: string,
  time: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // A clock that was set back before has left times that are yet to come: nothing has changed by them.
  const newer = [
    ...["-ignore_readdir_race", "-newerct", seconds(time)],
    ...["!", "-newerct", seconds(Date.now() + tick)],
  ];
  let changed = false;
  for await (const records of findRecords([layerDirectory], newer, "", signal))
    changed ||= records.length > 0;
  return changed;
}

/** Of each inode in a layer the time of its last change, in one digest. */
async function stampsOf(layerDirectory: string, signal: AbortSignal | undefined): Promise<string> {
  const digest = createHash("sha256");
  for await (const records of findRecords([layerDirectory], ["-ignore_readdir_race"], "%i %C@ %p", signal))
    for (const record of records) digest.update(record, "latin1").update("\0");
  return digest.digest("hex");
}

function seconds(ms: number): string {
  return `@${(ms / 1000).toFixed(3)}`;
}
