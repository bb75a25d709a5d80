// Reads extended attributes of a tree. Node cannot, and getfattr(1) is seldom installed: GNU tar writes them into its
// own extended headers.
import { tools } from "../host/index.js";
import { listedPath, nameList, type PaxRecord, walkTar } from "./tar/index.js";
import { toolOutput } from "./tool-output.js";

/** An extended attribute. */
export interface Xattr {
  /** A latin1 string, such as `user.mime`. */
  readonly name: string;
  readonly value: Buffer;
}

const schily = "SCHILY.xattr.";

/** The extended attributes that records of pax hold in the form of star and GNU tar. */
export function xattrsIn(records: readonly PaxRecord[]): Xattr[] {
  return records
    .filter(({ keyword }) => keyword.startsWith(schily))
    .map(({ keyword, value }) => ({ name: decoded(keyword.slice(schily.length)), value }));
}

/** GNU tar writes an equals sign in a name as `%3D`, and a percent sign as `%25`. */
function decoded(name: string): string {
  return name.includes("%") ? name.replaceAll("%3D", "=").replaceAll("%25", "%") : name;
}

/** What is read. */
export interface XattrQuery {
  /** latin1 strings relative to the directory that is read, `""` for itself. */
  readonly paths: readonly string[];
  /** Which attributes, as globs. */
  readonly masks: readonly string[];
  /** Passes over what this process may not read, instead of failing. Default false. */
  readonly mayLackRights?: boolean | undefined;
}

/**
 * Yields paths with their extended attributes, in order. tar writes the bodies of files too, which are passed over.
 * @throws `INTERNAL` with tar's words for a path that is not there; `TOOL_MISSING`, `CANCELLED`
 */
export async function* eachWithXattrs(
  base: string,
  { paths, masks, mayLackRights = false }: XattrQuery,
  signal?: AbortSignal | undefined,
): AsyncGenerator<readonly [path: string, xattrs: Xattr[]], void, undefined> {
  if (paths.length === 0) return;
  const list = nameList(base, paths);
  const args = [
    "--format=posix",
    // Each name of a file is written with the attributes, not as a link to the first.
    "--hard-dereference",
    "--xattrs",
    ...masks.map((mask) => `--xattrs-include=${mask}`),
    ...(mayLackRights ? ["--ignore-failed-read", "--warning=none"] : []),
    ...list.args,
  ];
  let found: (readonly [string, Xattr[]])[] = [];
  const walk = walkTar(
    { entry: ({ entry, extended }) => found.push([listedPath(entry.name), xattrsIn(extended.records)]) },
    { isOwn: true },
  );
  for await (const chunk of toolOutput(tools.tar, args, { input: list.input, signal })) {
    walk.accept(chunk);
    yield* found;
    found = [];
  }
}

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
  if (masks.length === 0) return found;
  for await (const [path, xattrs] of eachWithXattrs(base, { paths, masks }, signal)) {
    const attributes = xattrs.map(({ name, value }) => `${name}=${value.toString("latin1")}`);
    if (attributes.length > 0) found.set(path, attributes.sort());
  }
  return found;
}
