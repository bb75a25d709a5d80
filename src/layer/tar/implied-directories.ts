// Gives fixed metadata to the directories that no entry of an archive names. Otherwise the time of the extraction and
// the umask would get into the layer and its checksum.
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { forEachConcurrent } from "../../disk/index.js";
import { isErrno, StevedoreError } from "../../terms/index.js";
import { quoteName } from "./header.js";

/** How many directories are worked on at a time. */
const concurrency = 16;

/**
 * Gives directories below `root` the mode 0755, the owner 0:0 (unless `keepOwner`) and the time 0. The order does not
 * matter: none of this changes the times of another directory.
 *
 * @param paths latin1 strings relative to `root`, `""` for `root` itself; none may lead through a symlink.
 * @throws `LIMIT_EXCEEDED` for a path longer than Linux takes, `INTERNAL`, `CANCELLED`.
 */
export async function resetDirectories(
  root: string,
  paths: readonly string[],
  { keepOwner }: { readonly keepOwner: boolean },
  signal?: AbortSignal | undefined,
): Promise<void> {
  const base = Buffer.concat([await realpath(root, { encoding: "buffer" }), Buffer.from("/")]);
  await forEachConcurrent(paths, concurrency, (path) => reset(base, path, keepOwner), signal);
}

async function reset(base: Buffer, path: string, keepOwner: boolean): Promise<void> {
  const full = path === "" ? base.subarray(0, -1) : Buffer.concat([base, Buffer.from(path, "latin1")]);
  try {
    // tar should have written what the archive says. Even if it has not, nothing outside may be touched.
    if (!full.equals(await realpath(full, { encoding: "buffer" }))) {
      throw new StevedoreError("INTERNAL", `the directory ${quoteName(path)} lies behind a symlink`);
    }
    const directory = await open(full, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      if (!keepOwner) await directory.chown(0, 0);
      await directory.chmod(0o755);
      await directory.utimes(0, 0);
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (error instanceof StevedoreError) throw error;
    const code = isErrno(error, "ENAMETOOLONG") ? "LIMIT_EXCEEDED" : "INTERNAL";
    throw new StevedoreError(code, `the directory ${quoteName(path)}: ${String(error)}`, { cause: error });
  }
}
