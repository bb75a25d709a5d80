// How an image leaves a graph in which it may be mounted.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { removeTree, rootPath, withLock } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { StevedoreError } from "../terms/index.js";
import { forgetUppers } from "./fresh-upper.js";
import { isHere, type MountRecord, readMountRecords } from "./mount-record.js";
import { asidePath } from "./set-aside.js";
import { imagesInUse } from "./unmount-image.js";
import { forgetLinks, removeViews, takeOutView } from "./views/index.js";

/**
 * Deletes an image and its view. Under the lock of the mounts, so that none is made of it meanwhile.
 * @returns its id
 * @throws as `Mounts.deleteImage`
 */
export async function deleteMountedImage(
  graph: Graph,
  reference: string,
  force: boolean,
  signal: AbortSignal | undefined,
): Promise<string> {
  const id = await graph.resolve(reference);
  mkdirSync(rootPath(graph.root, "mounts"), { recursive: true, mode: 0o700 });
  const taken = await withLock(
    rootPath(graph.root, "mounts"),
    async () => {
      const mounts = readMountRecords(graph).filter(({ images }) => images.some((image) => image.id === id));
      if (!force && mounts.length > 0) throw inUse(graph, id, mounts);
      const inUseNow = imagesInUse(graph);
      if (!force && inUseNow === undefined) throw unknownUse(id);
      const isMounted = inUseNow?.has(id) ?? true;
      const destination = isMounted ? await asidePath(graph, id, "image") : undefined;
      const path = await graph.takeOut(id, { force, destination }, signal);
      await takeOutView(graph, id, isMounted ? join(path, "view") : undefined);
      await forgetLinks(graph, id);
      await forgetUppers(graph, id);
      return isMounted ? undefined : path;
    },
    signal,
  );
  if (taken !== undefined) await removeTree(taken);
  return id;
}

/**
 * Deletes those of some images that nothing needs, and their views. Under the lock of the mounts, which is taken once for
 * all of them.
 * @param ids children before their parents
 * @returns the ids of those that were deleted
 * @throws as `Mounts.deleteUnneeded`
 */
export async function deleteUnneededImages(
  graph: Graph,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  mkdirSync(rootPath(graph.root, "mounts"), { recursive: true, mode: 0o700 });
  const taken = await withLock(
    rootPath(graph.root, "mounts"),
    async () => {
      const mounted = imagesOfMounts(graph);
      const unmounted = ids.filter((id) => !mounted.has(id));
      const taken = await graph.takeOutUnneeded(unmounted, signal);
      if (taken.ids.length === 0) return taken;
      await removeViews(graph, taken.ids);
      for (const id of taken.ids) await forgetLinks(graph, id);
      await forgetUppers(graph, ...taken.ids);
      return taken;
    },
    signal,
  );
  if (taken.path !== undefined) await removeTree(taken.path);
  return [...taken.ids];
}

/**
 * The images that are part of any mount, be it stale, or unmounted with its upper kept.
 * @throws `IMAGE_IN_USE` if a record is damaged, so that any image may be part of its mount
 */
export function imagesOfMounts(graph: Graph): ReadonlySet<string> {
  const records = readMountRecords(graph, (line) => {
    throw new StevedoreError("IMAGE_IN_USE", `any image may be part of a mount: ${line}`);
  });
  return new Set(records.flatMap(({ images }) => images.map(({ id }) => id)));
}

function inUse(graph: Graph, id: string, mounts: readonly MountRecord[]): StevedoreError {
  const names = mounts.map(
    (mount) => `${mount.mountId}${isHere(graph, mount) ? "" : ` of host ${mount.host}`}`,
  );
  const shown = names.slice(0, 10).join(", ");
  const more = names.length > 10 ? ` and ${names.length - 10} more` : "";
  return new StevedoreError("IMAGE_IN_USE", `the image ${id} is part of the mount ${shown}${more}`);
}

function unknownUse(id: string): StevedoreError {
  const message = `the image ${id} may be part of a mount whose record is damaged: see stevedore mounts`;
  return new StevedoreError("IMAGE_IN_USE", message);
}
