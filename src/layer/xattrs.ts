// Reads extended attributes of directories. Node cannot read them; GNU tar can, and writes them in extended headers.
import { tools } from "../host/index.js";
import { nameList, walkTar } from "./tar/index.js";
import { toolOutput } from "./tool-output.js";

const prefix = "SCHILY.xattr.";

/**
 * Reads the extended attributes of directories. Memory is that of the result.
 * @param paths latin1 strings relative to `base`; each must be a directory
 * @param masks which attributes, as globs
 * @returns by path the attributes as `name=value` in latin1, sorted; paths without any are left out
 * @throws `INTERNAL` with tar's words for a path that is not there; `TOOL_MISSING`, `CANCELLED`
 */
export async function readDirectoryXattrs(
  base: string,
  paths: readonly string[],
  masks: readonly string[],
  signal?: AbortSignal | undefined,
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (paths.length === 0) return found;
  const args = ["--format=posix", "--xattrs", ...masks.map((mask) => `--xattrs-include=${mask}`)];
  const list = nameList(base, paths);
  const archive = toolOutput(tools.tar, [...args, ...list.args], {
    input: list.input,
    signal,
  });
  const walk = walkTar(
    {
      entry({ entry, extended }) {
        const attributes = extended.records
          .filter(({ keyword }) => keyword.startsWith(prefix))
          .map(({ keyword, value }) => `${keyword.slice(prefix.length)}=${value.toString("latin1")}`);
        if (attributes.length > 0) found.set(pathOf(entry.name), attributes.sort());
      },
    },
    { isOwn: true },
  );
  for await (const chunk of archive) walk.accept(chunk);
  return found;
}

/** The path that tar was given: tar itself writes a slash behind a directory's name. */
function pathOf(name: string): string {
  const path = name.replace(/\/+$/, "");
  return path === "." ? "" : path;
}
