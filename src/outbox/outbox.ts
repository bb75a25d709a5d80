// Puts exports into the outbox of a root, lists them and removes them.
import { link, lstat, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  digestFile,
  ioError,
  makeDirectory,
  removeAbandonedStaging,
  removeTree,
  rootPath,
  stagingName,
  syncDirectory,
  withStage,
} from "../disk/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";
import { fetchMark, isMark } from "./expiry.js";

/** A file of the outbox. */
interface OutboxFile {
  readonly file: string;
  readonly bytes: number;
  /** When it was made, by RFC 3339. */
  readonly createdAt: string;
}

/** The root of a graph, and the name of this host in it. */
interface OutboxPlace {
  readonly root: string;
  readonly host: string;
}

/**
 * Adds a file to the outbox: the whole file, on the disk, or nothing. If a file of that name with the same bytes is
 * there already, as after an earlier try of the same job, it is kept.
 * @param make writes the file into the empty directory that it is given, and returns its path and sha256
 * @returns what `make` returns, with the path in the outbox
 * @throws `TARGET_FORBIDDEN` if another file has that name; what `make` throws; `NO_SPACE`, `NEEDS_ROOT`, `INTERNAL`
 */
export async function addToOutbox<Made extends { readonly path: string; readonly digest: string }>(
  { root, host }: OutboxPlace,
  file: string,
  make: (stage: string) => Promise<Made>,
  signal?: AbortSignal | undefined,
): Promise<Made> {
  const outbox = rootPath(root, "outbox");
  const path = join(outbox, file);
  try {
    makeDirectory(outbox, 0o700);
    return await withStage({ directory: outbox, host }, async (stage) => {
      const made = await make(stage);
      await place(made, path, signal);
      await syncDirectory(outbox);
      await removeTree(stage);
      return { ...made, path };
    });
  } catch (error) {
    throw ioError(error, `${path} cannot be made`);
  }
}

/** @throws `TARGET_FORBIDDEN` if a file of that name is in the outbox */
export async function assertNewInOutbox(root: string, file: string): Promise<void> {
  if ((await outboxFile(root, file)) !== undefined) throw taken(rootPath(root, "outbox", file));
}

/** Returns a file of the outbox; undefined if no regular file has that name. A symlink does not count. */
export async function outboxFile(root: string, file: string): Promise<OutboxFile | undefined> {
  const path = rootPath(root, "outbox", file);
  try {
    const found = await lstat(path);
    return found.isFile() ? { file, bytes: found.size, createdAt: found.mtime.toISOString() } : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  }
}

/** Returns the files of the outbox, sorted by name. */
export async function listOutbox(root: string): Promise<OutboxFile[]> {
  const outbox = rootPath(root, "outbox");
  let names: string[];
  try {
    names = await readdir(outbox);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, `${outbox} cannot be read`);
  }
  const files: OutboxFile[] = [];
  for (const name of names.filter((each) => each !== stagingName && !isMark(each)).sort()) {
    const found = await outboxFile(root, name);
    if (found !== undefined) files.push(found);
  }
  return files;
}

/** Removes a file from the outbox. @returns false if no file has that name */
export async function removeFromOutbox(root: string, file: string): Promise<boolean> {
  const path = rootPath(root, "outbox", file);
  try {
    await rm(path);
    await rm(fetchMark(root, file), { force: true });
    await syncDirectory(rootPath(root, "outbox"));
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw ioError(error, `${path} cannot be removed`);
  }
}

/** Removes exports that were begun by processes that are dead. @returns the paths that were removed */
export function removeAbandonedExports({ root, host }: OutboxPlace): Promise<string[]> {
  return removeAbandonedStaging({ directory: rootPath(root, "outbox"), host });
}

/** Gives the file its name in the outbox. link(2) fails if the name is taken, so nothing is overwritten. */
async function place(
  { path, digest }: { readonly path: string; readonly digest: string },
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    await using there = await open(target, "r");
    // Its time begins anew, as if it had been made now.
    await there.chmod((await there.stat()).mode & 0o7777);
    if ((await digestFile(there, signal)) !== digest) throw taken(target);
  }
}

function taken(path: string): StevedoreError {
  return new StevedoreError("TARGET_FORBIDDEN", `${path} is there already, and exports overwrite nothing`);
}
