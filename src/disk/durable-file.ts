// Replaces a file so that a reader, a crash or a power cut sees the old content or the new, whole.
import { open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { run, tools } from "../host/index.js";
import { isErrno } from "../terms/index.js";

/**
 * Writes a file, mode 0600, through `<path>.new`: written, fsynced, renamed, and the rename fsynced with its
 * directory. Only one may write a path at a time, so the caller holds a lock; then the fixed name of the
 * temporary file needs no cleaning up: what a crash leaves is replaced by the next write.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await writeDurably(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    // On a full disk, say: who audits the directory is not to wonder.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Writes a file anew, mode 0600, and fsyncs it. */
export async function writeDurably(path: string, content: string): Promise<void> {
  // Not over what is there: a link would lead to another file, a fifo would be waited for.
  await unlink(path).catch((error: unknown) => {
    if (!isErrno(error, "ENOENT")) throw error;
  });
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names of a directory durable: the creations, renames and removals in it. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes all that was written to a directory's file system durable: syncfs(2), by `sync -f`. */
export async function syncFileSystem(path: string, signal?: AbortSignal | undefined): Promise<void> {
  await run(tools.sync, ["-f", "--", path], { signal });
}
