// What changed between two listings of a tree, as `docker diff` would print it: told by the listings alone.

/**
 * Lines such as `D /etc/hostname`, sorted by the bytes of the path.
 * @param was the lines of `listTree` by path, as those of `is`
 */
export function treeDifferences(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): string[] {
  const found: (readonly [path: string, letter: string])[] = [];
  for (const [path, line] of was) {
    if (path === ".") continue;
    const now = is.get(path);
    // What was in a directory that went, or is one no more, went with it.
    if (now === undefined && isDirectory(is.get(directoryOf(path)))) found.push([path, "D"]);
    if (now !== undefined && now !== line) found.push([path, "C"]);
  }
  for (const path of is.keys()) if (!was.has(path)) found.push([path, "A"]);
  return found.sort(([one], [other]) => (one < other ? -1 : 1)).map(([path, letter]) => `${letter} /${path}`);
}

function directoryOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
}

function isDirectory(line: string | undefined): boolean {
  return / directory \d+ /.test(line ?? "");
}
