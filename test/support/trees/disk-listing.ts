// A whole directory as find(1) and sha256sum(1) see it: to tell that nothing was written, or that nothing was lost.
import { shell } from "../processes/shell.js";

/** Every name with its inode, kind, mode, size, and times of the last change: differs if anything was written. */
export async function stateOf(root: string): Promise<string[]> {
  const output = await shell("find . -printf '%P %i %y %m %s %n %T@ %C@ %l\\0' | sort -z", { cwd: root });
  return output.toString("latin1").split("\0");
}

/**
 * All that a directory holds: files by their digest, everything else by its kind. What lies in `lost+found/<run>/` is
 * listed under the path it had before.
 */
export async function contentsOf(root: string): Promise<string[]> {
  const output = await shell(
    "find . -type f -exec sha256sum -z {} + ; find . -mindepth 1 ! -type f -printf '%y  ./%P %l\\0'",
    { cwd: root },
  );
  const lines = output.toString("latin1").split("\0");
  const isRun = (line: string) => / \.\/lost\+found(\/[^/]*)? $/.test(line);
  const places = lines.filter((line) => line !== "" && !isRun(line));
  return [...new Set(places.map((line) => line.replace(/ \.\/lost\+found\/[^/]*\//, " ./")))].sort();
}
