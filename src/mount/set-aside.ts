// What was taken out of the graph while it is mounted: a mount that lives must not lose its lowers, so they are moved
// aside, which no mount notices, and removed when the last mount that may use them has ended.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../error.js";
import { type Graph, isId } from "../graph/index.js";
import { ioError } from "../graph/io-error.js";
import { removeTree, stagingPath } from "../graph/staging.js";

/** No mount's id can be called so. */
function asideDirectory(graph: Graph): string {
  return join(graph.root, "mounts", ":aside:");
}

/** A free path among what is set aside, for something of that image. */
export async function asidePath(graph: Graph, imageId: string): Promise<string> {
  await mkdir(asideDirectory(graph), { recursive: true, mode: 0o700 });
  return join(asideDirectory(graph), `${imageId}:${randomBytes(4).toString("hex")}`);
}

/** Moves something of an image aside, if it is there. */
export async function setAside(graph: Graph, imageId: string, path: string): Promise<void> {
  if (!(await isThere(path))) return;
  try {
    await rename(path, await asidePath(graph, imageId));
  } catch (error) {
    throw ioError(error, `${path} cannot be set aside`);
  }
}

/** Where an image's layer lies that was taken out of the graph while it is mounted; undefined if none was. */
export async function layerSetAside(graph: Graph, imageId: string): Promise<string | undefined> {
  for (const name of await namesAside(graph)) {
    if (ownerOf(name) !== imageId) continue;
    const path = join(asideDirectory(graph), name, "layer");
    if (await isThere(path)) return path;
  }
  return undefined;
}

/** Removes what is set aside of images that none of the living mounts uses. */
export async function sweepAside(graph: Graph, usedImages: ReadonlySet<string>): Promise<void> {
  for (const name of await namesAside(graph)) {
    if (usedImages.has(ownerOf(name))) continue;
    const staged = await stagingPath(graph.directory);
    try {
      await rename(join(asideDirectory(graph), name), staged);
    } catch (error) {
      if (isErrno(error, "ENOENT")) continue;
      throw ioError(error, `${name}, set aside for a mount that has ended, cannot be removed`);
    }
    await removeTree(staged);
  }
}

async function namesAside(graph: Graph): Promise<string[]> {
  try {
    return (await readdir(asideDirectory(graph))).filter((name) => isId(ownerOf(name)));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, "what is set aside for mounts cannot be read");
  }
}

function ownerOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(":")));
}

async function isThere(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}
