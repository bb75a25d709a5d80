// The upper of a new mount: an empty directory with the attributes of the image's root, because a mount shows those of its
// upper. Copying them takes two processes, so an unmount makes the upper of the next mount in advance.
import { lstatSync } from "node:fs";
import { mkdir, readdir, rename } from "node:fs/promises";
import { makeDirectory, removeTree, rootPath, stagingPath } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { copyEntries } from "../layer/index.js";
import { isErrno } from "../terms/index.js";

/**
 * Makes a fresh upper.
 * @param lower the topmost lower, whose root's attributes it gets
 * @param path where; nothing may be there
 * @throws as `copyEntries`
 */
export async function makeUpper(
  graph: Graph,
  imageId: string,
  lower: string,
  path: string,
  signal?: AbortSignal | undefined,
): Promise<void> {
  try {
    return await rename(readyPath(graph, imageId, lower), path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
  await mkdir(path);
  await copyEntries(lower, path, [""], {}, signal);
}

/** Makes an upper for the next mount of the image, if there is none. Never throws: that mount can make its own. */
export async function makeUpperReady(graph: Graph, imageId: string, lower: string): Promise<void> {
  try {
    const ready = readyPath(graph, imageId, lower);
    if (lstatSync(ready, { throwIfNoEntry: false }) !== undefined) return;
    await forgetUppers(graph, imageId);
    makeDirectory(rootPath(graph.root, "freshUppers"), 0o700);
    const stage = await stagingPath(graph);
    try {
      await mkdir(stage);
      await copyEntries(lower, stage, [""]);
      await rename(stage, ready);
    } catch {
      await removeTree(stage);
    }
  } catch {
    // What could not be removed is in staging, and goes when this process is gone.
  }
}

/** Removes the uppers that were made for next mounts of images. */
export async function forgetUppers(graph: Graph, ...imageIds: readonly string[]): Promise<void> {
  const gone = new Set<string | undefined>(imageIds);
  const names = await readdir(rootPath(graph.root, "freshUppers")).catch(() => []);
  for (const name of names.filter((each) => gone.has(imageOfUpper(each)))) {
    await removeTree(rootPath(graph.root, "freshUppers", name));
  }
}

/** The image that an upper was made for, by the upper's name; undefined for a name of another form. */
export function imageOfUpper(name: string): string | undefined {
  return /^([^:]+):\d+-\d+$/.exec(name)?.[1];
}

/**
 * Where an upper for the next mount lies. Its name has the inode and the time of the lower whose attributes it has: every
 * change of those changes the time.
 */
export function readyPath(graph: Graph, imageId: string, lower: string): string {
  const { ino, ctimeNs } = lstatSync(lower, { bigint: true });
  return rootPath(graph.root, "freshUppers", `${imageId}:${ino}-${ctimeNs}`);
}
