// Whiteouts that say nothing: those below a name that their own layer makes a file or a symlink. umoci's `repack` writes
// them where a directory gave way to such a one. What they delete went with the directory, no tar can write them below
// a file, and below a symlink they would land in the directory that it leads to.
import { meaningOf } from "../../graph/index.js";
import { splitName } from "./entry-name.js";
import type { LayerEntry } from "./entry-path.js";

/**
 * To be asked of each entry of an archive in turn: true for a whiteout that lies below what an earlier entry made, which
 * was no directory. Knows only entries whose names the names behind them all begin with: those are together in an
 * archive that is sorted, as umoci's are, and no others need be remembered.
 */
export function createRedundantWhiteouts(): (entry: LayerEntry) => boolean {
  /** Each is the beginning of the next, and all are of the last entry's path. */
  const beginnings: string[] = [];
  return ({ kind, name }) => {
    const parts = splitName(name);
    const path = parts.join("/");
    for (
      let last = beginnings.at(-1);
      last !== undefined && !path.startsWith(last);
      last = beginnings.at(-1)
    ) {
      beginnings.pop();
    }
    if (meaningOf(parts.at(-1) ?? "").kind !== "file") {
      return beginnings.some(({ length }) => path[length] === "/");
    }
    if (beginnings.at(-1) === path) beginnings.pop();
    if (kind !== "directory") beginnings.push(path);
    return false;
  };
}
