// Reads a layer that nobody changes meanwhile, or says that somebody does.

import { exitCodeOf, findRecords, tools } from "../host/index.js";
import { StevedoreError } from "../terms/index.js";

/** How often a layer that changes while it is read is read. */
const reads = 3;
/** The kernel's time of a change may be that much behind the clock, in ms: a tick of the slowest timer, and some. */
const tick = 20;

/**
 * What `read` makes of a layer; made anew if the layer changed meanwhile, three times in all.
 * @param holds whether the result is good, for which it may ask whether the layer changed; not asked if tar says so
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
    let cause: unknown;
    try {
      const result = await read();
      if (await holds(result, () => hasChangedSince(layerDirectory, begun, signal))) return result;
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

/** GNU tar exits with 1 if a file changed, shrank or went while it was read, and with 2 for what it cannot do. */
function saysChanged(error: unknown): boolean {
  return exitCodeOf(tools.tar, error) === 1;
}

/**
 * True if anything in the layer, names, content or attributes, was changed since then. Nobody can set back that time
 * of an inode (its ctime), as `touch` sets back the other. A link made to a file changes it too.
 */
async function hasChangedSince(
  layerDirectory: string,
  time: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const newer = ["-ignore_readdir_race", "-newerct", `@${(time / 1000).toFixed(3)}`];
  let changed = false;
  for await (const records of findRecords([layerDirectory], newer, "", signal))
    changed ||= records.length > 0;
  return changed;
}
