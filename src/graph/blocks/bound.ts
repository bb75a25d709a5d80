// Keeps the blocks of a root within a bound: the oldest go, but for those of layers that this process has at work.
import { lstatSync } from "node:fs";
import { createYielder, rootPath, shareRuns } from "../../disk/index.js";
import { blockFileNames, removeFile } from "./directory.js";
import { isBlockName } from "./names.js";

export interface Bound {
  /**
   * Makes room for a file of so many bytes, which counts as there from now on.
   * @returns false if there is none
   * @throws `NEEDS_ROOT`, `INTERNAL` if the directory cannot be read
   */
  admit(name: string, bytes: number): Promise<boolean>;
  /** A file is gone. */
  forget(name: string): void;
}

/** How long what is remembered of the directory is believed, in ms: other processes add to it and take from it. */
const believedFor = 60_000;

/**
 * Opens the bound of a root.
 *
 * Blocks of layers that are at work stay, rather than those that come: a layer is read from its beginning when it is taken
 * up again. Were its first blocks to go, a layer larger than the bound would find none of them, and would push out the
 * others before it comes to them.
 * @param most bytes of all blocks
 * @param isAtWork whether a block belongs to a layer that this process has at work
 */
export function openBound(root: string, most: number, isAtWork: (name: string) => boolean): Bound {
  /** Bytes by name, the oldest first. */
  let files = new Map<string, number>();
  let sum = 0;
  let readAt = Number.NEGATIVE_INFINITY;

  const readAgain = shareRuns(async () => {
    if (performance.now() - readAt < believedFor) return;
    files = await readFiles(root);
    sum = [...files.values()].reduce((total, bytes) => total + bytes, 0);
    readAt = performance.now();
  });

  function forget(name: string): void {
    sum -= files.get(name) ?? 0;
    files.delete(name);
  }

  return {
    forget,
    async admit(name, bytes) {
      if (bytes > most) return false;
      if (performance.now() - readAt >= believedFor) await readAgain();
      forget(name);
      for (const [oldest] of files) {
        if (sum + bytes <= most) break;
        if (isAtWork(oldest)) continue;
        // One that stays is counted when the directory is read the next time.
        removeFile(rootPath(root, "blocks", oldest));
        forget(oldest);
      }
      if (sum + bytes > most) return false;
      files.set(name, bytes);
      sum += bytes;
      return true;
    },
  };
}

async function readFiles(root: string): Promise<Map<string, number>> {
  const found: { readonly name: string; readonly bytes: number; readonly usedAt: number }[] = [];
  const turn = createYielder();
  for (const name of await blockFileNames(root)) {
    if (!isBlockName(name)) continue;
    await turn();
    const stats = lstatSync(rootPath(root, "blocks", name), { throwIfNoEntry: false });
    if (stats?.isFile()) found.push({ name, bytes: stats.size, usedAt: stats.mtimeMs });
  }
  found.sort((one, other) => one.usedAt - other.usedAt);
  return new Map(found.map(({ name, bytes }) => [name, bytes]));
}
