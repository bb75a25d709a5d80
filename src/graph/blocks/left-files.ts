// What is left in `blocks/`: by processes that died, and by checksums that nobody finished.
import { lstatSync, unlinkSync } from "node:fs";
import { createYielder, ownerOf, ownerStatus, rootPath } from "../../disk/index.js";
import { isErrno } from "../../terms/index.js";
import type { Graph } from "../graph.js";
import { removeAbandonedClaims } from "./claims.js";
import { blockFileNames } from "./directory.js";
import { kindOfBlockFile, listedChecksum } from "./names.js";
import { removeListed } from "./stored-list.js";

/** How long blocks of a checksum that is not finished are kept, in ms since they were last used. */
const keptFor = 24 * 3_600_000;

/** Files that are removed from `blocks/`. */
export interface OldBlocks {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Removes what has lain in `blocks/` for a day unused. Files with other names are left alone.
 * @param isDry removes nothing, and tells what would be
 * @throws `CANCELLED`; `NEEDS_ROOT`, `INTERNAL` if the directory cannot be read
 */
export async function removeOldBlocks(
  root: string,
  isDry: boolean,
  signal?: AbortSignal | undefined,
): Promise<OldBlocks> {
  const usedBefore = Date.now() - keptFor;
  const turn = createYielder(signal);
  let [files, bytes] = [0, 0];
  for (const name of await blockFileNames(root)) {
    if (kindOfBlockFile(name) === undefined) continue;
    await turn();
    const path = rootPath(root, "blocks", name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isDirectory() || stats.mtimeMs > usedBefore) continue;
    if (!isDry && !removeFile(path)) continue;
    files += 1;
    bytes += stats.size;
  }
  return { files, bytes };
}

/**
 * Removes the claims of processes that are gone, blocks that they did not write to their end, and the blocks of checksums
 * that they stored.
 * @throws the errors of the file system; `TOOL_MISSING`
 */
export async function removeAbandonedBlockFiles(
  graph: Pick<Graph, "root" | "host" | "storedChecksum">,
): Promise<void> {
  const { root, host } = graph;
  const names = await blockFileNames(root);
  await removeAbandonedClaims(
    { root, host },
    names.filter((name) => kindOfBlockFile(name) === "claim"),
  );
  for (const name of names) {
    const stored = listedChecksum(name);
    if (stored !== undefined && (await graph.storedChecksum(stored.id, stored.recipe)) !== undefined) {
      removeListed(root, name);
    }
    const owner = ownerOf(name);
    if (owner === undefined || (await ownerStatus(owner, host)) !== "gone") continue;
    removeFile(rootPath(root, "blocks", name));
  }
}

/** @returns false if it cannot be removed, or somebody else was faster */
function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "EISDIR", "EPERM", "EACCES", "EROFS")) return false;
    throw error;
  }
}
