// Gives GNU tar a list of names on its stdin: any number of names, of any bytes.

/** How many names go into one chunk. */
const namesPerChunk = 1_000;

/**
 * Returns the arguments that make tar write exactly these names of a directory to stdout, and what tar must read on
 * stdin. The arguments have to stand behind all others.
 * @param paths latin1 strings relative to the directory, `""` for itself
 */
export function nameList(
  directory: string,
  paths: readonly string[],
): {
  readonly args: readonly string[];
  readonly input: AsyncIterable<Buffer>;
} {
  async function* input() {
    for (let at = 0; at < paths.length; at += namesPerChunk) {
      const some = paths.slice(at, at + namesPerChunk);
      yield Buffer.from(some.map((path) => `${path === "" ? "." : path}\0`).join(""), "latin1");
    }
  }
  // These options hold for the names that come after them.
  const reading = ["--no-recursion", "--null", "--no-unquote", "--files-from=-"];
  return { args: ["-cf", "-", "-C", directory, ...reading], input: input() };
}

/** The path by which an entry of such an archive was listed: tar itself writes a slash behind a directory's name. */
export function listedPath(name: string): string {
  const path = name.replace(/\/+$/, "");
  return path === "." ? "" : path;
}
