// Staging: what is being made or unmade lies in `:tmp:` under its owner's name, one rename away from the graph.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../error.js";
import { run } from "../host/run.js";
import { tools } from "../host/tool.js";
import { ioError } from "./io-error.js";
import { currentOwner, formatOwner, isGone, type Owner, parseOwner } from "./owner.js";

/** The one entry of a graph's directory that is no image. No id can be named so. */
export const stagingName = ":tmp:";

/** A path in staging that nothing has yet, `:tmp:/<owner>-<random>`, with `:tmp:` and the graph made if need be. */
export async function stagingPath(graphDirectory: string): Promise<string> {
  await mkdir(graphDirectory, { recursive: true });
  const staging = join(graphDirectory, stagingName);
  await mkdir(staging, { recursive: true, mode: 0o700 });
  return join(staging, `${formatOwner(await currentOwner())}-${randomBytes(8).toString("hex")}`);
}

/**
 * Makes a staging directory, mode 0700, for `work` to fill and rename to where it belongs. If that fails, the
 * directory is removed.
 */
export async function withStage<T>(graphDirectory: string, work: (stage: string) => Promise<T>): Promise<T> {
  const stage = await stagingPath(graphDirectory);
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
 * Removes staging whose owner is gone: killed, or from before a reboot. Staging of living processes stays, and so
 * does every name that is not of the form used here, such as Docker's own.
 * @returns the paths that were removed
 */
export async function removeAbandonedStaging(graphDirectory: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await abandonedStaging(graphDirectory)) {
    const path = join(graphDirectory, stagingName, name);
    if (await removeAbandoned(path, await stagingPath(graphDirectory))) removed.push(path);
  }
  return removed;
}

/** The names in staging whose owner is gone. */
export async function abandonedStaging(graphDirectory: string): Promise<string[]> {
  const abandoned: string[] = [];
  for (const name of await stagingNames(graphDirectory)) {
    const owner = ownerOf(name);
    if (owner !== undefined && (await isGone(owner))) abandoned.push(name);
  }
  return abandoned;
}

/**
 * Removes a tree, if there is one. `rm` does it: it follows no link, not even one put there while it works, takes
 * names that are not UTF-8, which Node's own `rm` cannot, and does not empty what somebody mounted inside.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await run(tools.rm, ["-rf", "--one-file-system", "--", path]);
  } catch {
    // Not root, and a directory that its owner may not search.
    await run(tools.chmod, ["-R", "u+rwx", "--", path]);
    await run(tools.rm, ["-rf", "--one-file-system", "--", path]);
  }
}

/** Takes the tree over before it removes it, so that of two removers one wins and none sees half a tree. */
async function removeAbandoned(path: string, ours: string): Promise<boolean> {
  try {
    await rename(path, ours);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw ioError(error, `abandoned staging ${path} cannot be removed`);
  }
  await removeTree(ours);
  return true;
}

async function stagingNames(graphDirectory: string): Promise<string[]> {
  try {
    return await readdir(join(graphDirectory, stagingName), "latin1");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, `the staging of ${graphDirectory} cannot be read`);
  }
}

function ownerOf(name: string): Owner | undefined {
  const [, owner = ""] = /^(.*)-[0-9a-f]{16}$/.exec(name) ?? [];
  return parseOwner(owner);
}
