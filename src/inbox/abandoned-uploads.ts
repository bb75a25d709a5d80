// Uploads whose sender died before it had enqueued their job: no job will take them out of the inbox.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../disk/index.js";
import { isErrno } from "../terms/index.js";

/** How long an upload may lie before it is taken for abandoned, in ms: its command first writes it, then enqueues. */
export const uploadPatience = 3_600_000;

/**
 * Removes what has lain in the inbox unchanged for longer than `patience` ms, and is not in use. A partial upload is never
 * in use: no job can name it.
 * @param ageOf how long ago a time was, in ms (see `openAges`); by default as the clock says
 * @param namesInUse asked once it is known what is old, and not at all if nothing is: the uploads that jobs will take
 * @returns the names of what was removed
 * @throws what `namesInUse` throws
 */
export async function removeAbandonedUploads(
  inbox: string,
  namesInUse: () => Promise<ReadonlySet<string>>,
  patience: number,
  ageOf: (time: number) => number = (time) => Date.now() - time,
): Promise<string[]> {
  const old: string[] = [];
  for (const name of await namesIn(inbox))
    if (await isOlder(join(inbox, name), patience, ageOf)) old.push(name);
  if (old.length === 0) return [];
  const inUse = await namesInUse();
  const abandoned = old.filter((name) => !inUse.has(name));
  for (const name of abandoned) await removeTree(join(inbox, name));
  return abandoned;
}

/** The names in the inbox; none if it is not there yet. */
async function namesIn(inbox: string): Promise<string[]> {
  try {
    return await readdir(inbox);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** True by the time of the last change of any kind: a new link to an old file is young. */
async function isOlder(path: string, patience: number, ageOf: (time: number) => number): Promise<boolean> {
  try {
    return ageOf((await lstat(path)).ctimeMs) > patience;
  } catch (error) {
    // Its job has just taken it.
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}
