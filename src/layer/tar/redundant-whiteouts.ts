// Finds whiteouts that say nothing: those below a name that their own layer makes a file or a symlink. umoci's
// `repack` writes them where a directory was replaced by one of these. What they delete went with the directory. No
// tar can write them below a file, and below a symlink they would land in the directory that it leads to.
import { meaningOf } from "../../graph/index.js";
import { splitName } from "./entry-name.js";
import type { LayerEntry } from "./entry-path.js";

/**
 * Returns a function to be asked of each entry of an archive in turn. It answers true for a whiteout that lies below
 * something else than a directory, which an earlier entry made. It remembers only those names that are a beginning of
 * the present entry's name: in a sorted archive, as umoci's are, no others matter.
 */
export function createRedundantWhiteouts(): (entry: LayerEntry) => boolean {
  /** Each is a beginning of the next, and all are beginnings of the last entry's path. */
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
