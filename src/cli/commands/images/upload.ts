// Brings a source of this command into the inbox of the root, where its worker may read it.
import { randomUUID } from "node:crypto";
import { constants, createWriteStream } from "node:fs";
import { copyFile, link, realpath, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { makeInbox } from "../../../inbox/index.js";
import { packCanonicalTar } from "../../../layer/index.js";
import { cancelled, isErrno, StevedoreError } from "../../../terms/index.js";

/** A source in the inbox. The job that names it removes it; so does this, if the job never came to that. */
export interface Upload extends AsyncDisposable {
  /** What a `store` job takes as `layer.upload`. */
  readonly name: string;
  /** Leaves it to a job that goes on when this command has ended. */
  leave(): void;
}

/**
 * Puts an archive, a directory (packed) or, for `-`, stdin into the inbox. On one filesystem a file costs a
 * link, not a copy.
 * @throws `SOURCE_NOT_FOUND`, `SOURCE_FORBIDDEN`, `NO_SPACE`, `CANCELLED`
 */
export async function upload(source: string, root: string, signal: AbortSignal): Promise<Upload> {
  if (source !== "-") await assertReadable(source);
  const inbox = await makeInbox(root);
  const name = randomUUID();
  const path = join(inbox, name);
  let left = false;
  const remove = () => rm(path, { force: true });
  try {
    await bring(source, path, signal);
  } catch (error) {
    await remove();
    if (signal.aborted) throw cancelled(signal);
    throw isErrno(error, "ENOSPC", "EDQUOT")
      ? new StevedoreError("NO_SPACE", `no space for ${source} in ${inbox}`, { cause: error })
      : error;
  }
  return {
    name,
    leave: () => {
      left = true;
    },
    async [Symbol.asyncDispose]() {
      if (!left) await remove();
    },
  };
}

async function assertReadable(source: string): Promise<void> {
  const found = await stat(source).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw new StevedoreError("SOURCE_NOT_FOUND", `${source} does not exist`);
    throw new StevedoreError("SOURCE_FORBIDDEN", `${source} cannot be read: ${(error as Error).message}`);
  });
  if (!found.isFile() && !found.isDirectory() && !found.isFIFO()) {
    throw new StevedoreError("SOURCE_FORBIDDEN", `${source} is neither a file nor a directory`);
  }
}

async function bring(source: string, path: string, signal: AbortSignal): Promise<void> {
  const { createReadStream } = await import("node:fs");
  if (source === "-") return pipeline(process.stdin, createWriteStream(path, { flags: "wx" }), { signal });
  const found = await stat(source);
  if (found.isDirectory()) {
    const packing = packCanonicalTar(source, signal);
    await pipeline(packing.stdout, createWriteStream(path, { flags: "wx" }), { signal });
    return packing.done;
  }
  // A pipe or a process substitution: <(zcat …)
  if (found.isFIFO())
    return pipeline(createReadStream(source), createWriteStream(path, { flags: "wx" }), { signal });
  try {
    await link(await realpath(source), path);
  } catch (error) {
    if (!isErrno(error, "EXDEV", "EPERM", "EMLINK", "EACCES")) throw error;
    await copyFile(source, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}
