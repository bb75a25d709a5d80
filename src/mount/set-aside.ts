// What was taken out of the graph while it is mounted: a mount that lives must not lose its lowers, so they are moved
// aside, which no mount notices, and removed when the last mount that may use them has ended.
import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { ioError, makeDirectory, removeTree, rootPath, stagingPath } from "../disk/index.js";
import { type Graph, imagePaths } from "../graph/index.js";
import { isErrno, isId } from "../terms/index.js";

/** A free path among what is set aside, for something of that image. */
export async function asidePath(graph: Graph, imageId: string, kind: "image" | "view"): Promise<string> {
  makeDirectory(rootPath(graph.root, "aside"), 0o700);
  return join(rootPath(graph.root, "aside"), `${imageId}:${kind}:${randomBytes(4).toString("hex")}`);
}

/** Moves what lies in the place of an image's view aside, if there is anything. */
export async function setViewAside(graph: Graph, imageId: string, path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  try {
    await rename(path, await asidePath(graph, imageId, "view"));
  } catch (error) {
    throw ioError(error, `${path} cannot be set aside`);
  }
}

/** The layers of an image that were taken out of the graph with it while it was mounted. */
export async function layersAside(graph: Graph, imageId: string): Promise<string[]> {
  const names = (await namesAside(graph)).filter((name) => name.startsWith(`${imageId}:image:`));
  return names.map((name) => imagePaths(rootPath(graph.root, "aside"), name).layer);
}

/**
 * Removes what is set aside of images that no mount uses.
 * @param imagesInUse is asked once it is known what there is: what is set aside later stays. Undefined keeps all.
 */
export async function sweepAside(
  graph: Graph,
  imagesInUse: () => ReadonlySet<string> | undefined,
): Promise<void> {
  const names = await namesAside(graph);
  const used = names.length === 0 ? undefined : imagesInUse();
  if (used === undefined) return;
  for (const name of names) {
    if (used.has(imageSetAside(name))) continue;
    const staged = await stagingPath(graph);
    try {
      await rename(rootPath(graph.root, "aside", name), staged);
    } catch (error) {
      if (isErrno(error, "ENOENT")) continue;
      throw ioError(error, `${name}, set aside for a mount that has ended, cannot be removed`);
    }
    await removeTree(staged);
  }
}

async function namesAside(graph: Graph): Promise<string[]> {
  try {
    return (await readdir(rootPath(graph.root, "aside"))).filter((name) => isId(imageSetAside(name)));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, "what is set aside for mounts cannot be read");
  }
}

/** The image that something set aside is of, by its name `<id>:image|view:<hex>`; no id for another name. */
export function imageSetAside(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf(":")));
}
