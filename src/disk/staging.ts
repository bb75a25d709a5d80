// Staging: what is being made or unmade lies in `:tmp:` under its owner's name, one rename away from the graph.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { run, tools } from "../host/index.js";
import { isErrno } from "../terms/index.js";
import { ioError } from "./io-error.js";
import { makeDirectory } from "./make-directory.js";
import { currentOwner, formatOwner, type Owner, ownerStatus, parseOwner } from "./process-owner.js";
import { stagingName } from "./root-paths.js";

/** Where staging lies, and for which host: a graph that is open is one. */
export interface StagingPlace {
  /** `<root>/graph`. */
  readonly directory: string;
  /** The name this host goes by. */
  readonly host: string;
}

/** Staging that is not in use here, by names. */
interface StagingLeft {
  /** Its owner is gone, and nothing beside it keeps it. */
  readonly abandoned: readonly string[];
  /** Its owner is of another host, by that host's name: it may live. */
  readonly elsewhere: ReadonlyMap<string, readonly string[]>;
}

/** Where staging lies. */
export function stagingDirectory({ directory }: Pick<StagingPlace, "directory">): string {
  return join(directory, stagingName);
}

/** A path in staging that nothing has yet, `:tmp:/<owner>-<random>`, with `:tmp:` and the graph made if need be. */
export async function stagingPath({ directory, host }: StagingPlace): Promise<string> {
  makeDirectory(directory);
  const staging = stagingDirectory({ directory });
  makeDirectory(staging, 0o700);
  return join(staging, await ownName(host));
}

/** A name for something that this process owns, `<owner>-<random>`, which nothing else has. */
export async function ownName(host: string): Promise<string> {
  return `${formatOwner(await currentOwner(host))}-${randomBytes(8).toString("hex")}`;
}

/** The owner in such a name; undefined for a name of another form. */
export function ownerOf(name: string): Owner | undefined {
  const [, owner = ""] = /^(.*)-[0-9a-f]{16}$/.exec(name) ?? [];
  return parseOwner(owner);
}

/**
 * Makes a staging directory, mode 0700, for `work` to fill and rename to where it belongs. If that fails, the
 * directory is removed.
 */
export async function withStage<T>(place: StagingPlace, work: (stage: string) => Promise<T>): Promise<T> {
  const stage = await stagingPath(place);
  await mkdir(stage, { mode: 0o700 });
  try {
    return await work(stage);
  } catch (error) {
    // The work's error is the one to report; what cannot be removed now goes when this process is gone.
    await removeTree(stage).catch(() => undefined);
    throw error;
  }
}

/**
 * Removes staging whose owner is gone: killed, or from before a reboot. Staging of living processes and of other hosts
 * stays. So does every name of another form, such as Docker's own, and a stage beside which something lies under its
 * name and a suffix that begins with a dot: that says that the stage is still needed.
 * @returns the paths that were removed
 */
export async function removeAbandonedStaging(place: StagingPlace): Promise<string[]> {
  const removed: string[] = [];
  for (const name of (await stagingLeft(place)).abandoned) {
    const path = join(stagingDirectory(place), name);
    if (await removeAbandoned(path, await stagingPath(place))) removed.push(path);
  }
  return removed;
}

/** What lies in staging but for what living processes of this host own. */
export async function stagingLeft(place: StagingPlace): Promise<StagingLeft> {
  const gone: string[] = [];
  const elsewhere = new Map<string, string[]>();
  for (const name of await stagingNames(place)) {
    const owner = ownerOf(name);
    const status = owner === undefined ? "lives" : await ownerStatus(owner, place.host);
    if (status === "gone") gone.push(name);
    if (status !== "elsewhere" || owner?.host === undefined) continue;
    elsewhere.set(owner.host, [...(elsewhere.get(owner.host) ?? []), name]);
  }
  // Read once the owners are gone: they can put nothing beside a stage any more.
  const keepers = gone.length === 0 ? [] : await stagingNames(place);
  const kept = new Set(keepers.map((name) => name.slice(0, name.lastIndexOf("."))));
  return { abandoned: gone.filter((name) => !kept.has(name)), elsewhere };
}

/**
 * Removes trees, those that there are. `rm` does it: it follows no link, not even one put there while it works, takes
 * names that are not UTF-8, which Node's own `rm` cannot, and does not empty what somebody mounted inside.
 */
export async function removeTree(...paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  try {
    await run(tools.rm, ["-rf", "--one-file-system", "--", ...paths]);
  } catch {
    // Not root, and a directory that its owner may not search.
    await run(tools.chmod, ["-R", "u+rwx", "--", ...paths]);
    await run(tools.rm, ["-rf", "--one-file-system", "--", ...paths]);
  }
}

/** Removes abandoned staging, if it is still there. Takes the tree over before it removes it, so that of two removers one wins and none sees half a tree. */
export async function removeAbandoned(path: string, ours: string): Promise<boolean> {
  try {
    await rename(path, ours);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw ioError(error, `abandoned staging ${path} cannot be removed`);
  }
  await removeTree(ours);
  return true;
}

/** What there is in staging; latin1, so that every byte of a name is kept. */
export async function stagingNames(place: Pick<StagingPlace, "directory">): Promise<string[]> {
  try {
    return await readdir(stagingDirectory(place), "latin1");
  } catch (error) {
    // A file in its place has none.
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw ioError(error, `the staging of ${place.directory} cannot be read`);
  }
}
