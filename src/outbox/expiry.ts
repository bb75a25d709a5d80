// Exports that nobody fetches: they go after a time, which each download begins anew.
import { constants } from "node:fs";
import { lstat, open, readdir, rm } from "node:fs/promises";
import { rootPath, stagingName } from "../disk/index.js";
import { isErrno } from "../terms/index.js";

/**
 * Where a server notes, by the file's time, that it hands an export out. It may write to the outbox, but change nothing of
 * an export, whose owner is the worker.
 */
export function fetchMark(root: string, file: string): string {
  return rootPath(root, "outbox", `.${file}.fetched`);
}

/** Notes that a download of an export begins. Where that cannot be written, the export only goes the sooner. */
export async function markFetched(root: string, file: string, now = Date.now()): Promise<void> {
  const path = fetchMark(root, file);
  const { O_CREAT, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const touch = async () => {
    await using mark = await open(path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o600);
    await mark.utimes(now / 1_000, now / 1_000);
  };
  try {
    await touch();
  } catch {
    // It may be that of a server of another user. A download is worth more than its note.
    const again = async () => {
      await rm(path, { force: true });
      await touch();
    };
    await again().catch(() => undefined);
  }
}

/** When an export goes that nobody fetches, by RFC 3339. @param path that of the export */
export async function exportExpiry(path: string, keepMs: number): Promise<string> {
  return new Date((await lstat(path)).ctimeMs + keepMs).toISOString();
}

/**
 * Removes the exports that were neither made nor fetched within `keepMs` ms. What is being made is not looked at, and a
 * download that has begun ends whole: its file stays until it is closed.
 * @param ageOf how long ago a time was, in ms (see `openAges`); by default as the clock says
 * @returns the names of what was removed
 */
export async function removeExpiredExports(
  root: string,
  keepMs: number,
  now = Date.now(),
  ageOf: (time: number) => number = (time) => now - time,
): Promise<string[]> {
  const names = await namesIn(rootPath(root, "outbox"));
  const removed: string[] = [];
  for (const name of names) {
    if (name === stagingName || isMark(name)) continue;
    const [made, fetched] = await Promise.all([
      changeOf(rootPath(root, "outbox", name), "ctimeMs"),
      changeOf(fetchMark(root, name), "mtimeMs"),
    ]);
    if (made === undefined || ageOf(Math.max(made, fetched ?? 0)) <= keepMs) continue;
    await rm(rootPath(root, "outbox", name), { force: true });
    removed.push(name);
  }
  const left = new Set(names.filter((name) => !removed.includes(name)).map((name) => fetchMark(root, name)));
  for (const mark of names.filter(isMark).map((name) => rootPath(root, "outbox", name)))
    if (!left.has(mark)) await rm(mark, { force: true });
  return removed;
}

/** No export has a name that begins with a dot. */
export function isMark(name: string): boolean {
  return name.startsWith(".");
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/**
 * A time of a regular file in ms; undefined for anything else. An export's ctime is that of its making: nobody can set it
 * back, and a file that was put there by hand begins its time then.
 */
async function changeOf(path: string, which: "ctimeMs" | "mtimeMs"): Promise<number | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found[which] : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
