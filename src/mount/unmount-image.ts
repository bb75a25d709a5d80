// How a mount ends: it is unmounted, its target is removed, and its folder is moved into staging by one rename and removed
// there.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { rename, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ioError, removeTree, rootPath, stagingPath, syncDirectory } from "../disk/index.js";
import { type Graph, imagePaths } from "../graph/index.js";
import { isErrno, StevedoreError, throwIfAborted } from "../terms/index.js";
import { driverOf } from "./drivers/index.js";
import { makeUpperReady } from "./fresh-upper.js";
import {
  clearMark,
  entryOf,
  hasMark,
  imagesInStack,
  isComplete,
  isHere,
  type MountRecord,
  mountPaths,
  ownDirectory,
  readMountRecords,
  setMark,
} from "./mount-record.js";
import { readMountTable } from "./mount-table.js";
import { sweepAside } from "./set-aside.js";

/** How long a busy target is waited for, and how long the pauses are at first and at most, in ms. */
const patience = 10_000;
const firstPause = 20;
const longestPause = 500;

/**
 * Ends a mount and removes its target. Works for one that is no longer mounted, too.
 * @param keepUpper leaves the folder with the upper, for `changes` and `commit`
 * @throws `MOUNT_FAILED` for a target that stays busy; then nothing was removed. `INTERNAL`, `CANCELLED`
 */
export async function unmountImage(
  graph: Graph,
  record: MountRecord,
  { keepUpper }: { readonly keepUpper: boolean },
  signal?: AbortSignal | undefined,
): Promise<void> {
  const { mountId, target } = record;
  for (const path of [await unmountPatiently(record, signal), target]) await removeTarget(path);
  if (record.isWritable) await makeNextUpper(graph, record);
  if (keepUpper) {
    const { work, plain, rootfs } = mountPaths(ownDirectory(graph, mountId));
    // `l` is of older versions.
    await removeTree(work, plain, rootfs, join(ownDirectory(graph, mountId), "l"));
    // Last, so that a repeat sees what is left to do.
    await setMark(graph, mountId, "kept");
    await clearMark(graph, mountId, "mounted");
  } else await removeFolder(graph, mountId);
  await sweepUnused(graph);
}

/** For the next mount of the image, if that is still there. */
async function makeNextUpper(graph: Graph, record: MountRecord): Promise<void> {
  const [image] = imagesInStack(record);
  // The next mount, too, will have a copy of its own.
  const isPlain = existsSync(join(mountPaths(ownDirectory(graph, record.mountId)).plain, "0"));
  if (image === undefined || isPlain || !(await graph.exists(image.id))) return;
  const view = rootPath(graph.root, "views", image.id);
  const hasView = driverOf(record.driver).takesViews && existsSync(view);
  await makeUpperReady(graph, image.id, hasView ? view : imagePaths(graph.directory, image.id).layer);
}

/** Removes what was set aside for mounts of which nothing is left. A mount that is stale, or kept its upper, still needs it. */
export async function sweepUnused(graph: Graph): Promise<void> {
  await sweepAside(graph, () => imagesOf(graph, () => true));
}

/** Takes back a mount that failed. Never throws: what cannot be removed now is found at the next start. */
export async function undoMount(graph: Graph, record: MountRecord): Promise<void> {
  const { mountId, driver, target, madeTarget } = record;
  try {
    const path = await unmountPatiently(record, undefined);
    if (madeTarget) await removeTarget(path);
    // One that was there before stays, empty as it was.
    else if (!driverOf(driver).isKernelMount) mkdirSync(target);
    await removeFolder(graph, mountId);
  } catch {
    // The record stays, and by it the next start finds the mount.
  }
}

/**
 * The images that mounts need now: those that the kernel holds, or that of another host may hold, and those that are
 * being made. Undefined if a record is damaged, so that they are not known.
 */
export function imagesInUse(graph: Graph): ReadonlySet<string> | undefined {
  const table = readMountTable();
  return imagesOf(graph, (record) => {
    if (!isHere(graph, record)) return !hasMark(graph, record.mountId, "kept");
    return entryOf(record, table) !== undefined || !isComplete(graph, record.mountId);
  });
}

/** The images of all mounts that pass a test and need the graph. Undefined if a record is damaged. */
function imagesOf(graph: Graph, passes: (record: MountRecord) => boolean): ReadonlySet<string> | undefined {
  let isKnown = true;
  const records = readMountRecords(graph, () => {
    isKnown = false;
  });
  if (!isKnown) return undefined;
  const passing = records.filter((record) => driverOf(record.driver).isKernelMount && passes(record));
  return new Set(passing.flatMap(({ images }) => images.map(({ id }) => id)));
}

/** True if nothing was written to a mount. */
export function hasEmptyUpper(graph: Graph, mountId: string): boolean {
  try {
    return readdirSync(mountPaths(ownDirectory(graph, mountId)).upper).length === 0;
  } catch {
    return true;
  }
}

/** Unmounts, again and again while somebody uses the target. Returns where it was mounted, or should have been. */
async function unmountPatiently(record: MountRecord, signal: AbortSignal | undefined): Promise<string> {
  const deadline = performance.now() + patience;
  const driver = driverOf(record.driver);
  let { target } = record;
  if (!driver.isKernelMount) {
    await driver.unmount(target, signal);
    return target;
  }
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const entry = entryOf(record, readMountTable());
    if (entry === undefined) return target;
    target = entry.target;
    try {
      await driver.unmount(target, signal);
      return target;
    } catch (error) {
      if (entryOf(record, readMountTable()) === undefined) return target;
      const isBusy = error instanceof StevedoreError && /: target is busy|resource busy/.test(error.message);
      if (!isBusy || performance.now() >= deadline) throw error;
    }
    await sleep(pause, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
}

/** Removes the mount point; AUFS holds on to it for a moment. What somebody has put there meanwhile stays. */
async function removeTarget(target: string): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      await rmdir(target);
      return;
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTEMPTY", "ENOTDIR")) return;
      if (!isErrno(error, "EBUSY")) throw ioError(error, `the mount point ${target} cannot be removed`);
      const other = readMountTable().findLast((entry) => entry.target === target);
      if (other !== undefined || performance.now() >= deadline) {
        const why = other === undefined ? "it is busy" : `${other.source} (${other.type}) is mounted there`;
        throw new StevedoreError("MOUNT_FAILED", `the mount point ${target} cannot be removed: ${why}`);
      }
    }
    await sleep(firstPause);
  }
}

async function removeFolder(graph: Graph, mountId: string): Promise<void> {
  const staged = await stagingPath(graph);
  try {
    await rename(ownDirectory(graph, mountId), staged);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw ioError(error, `the folder of the mount ${mountId} cannot be removed`);
  }
  // A mount that was ended does not come back with the power.
  await syncDirectory(rootPath(graph.root, "mounts"));
  await removeTree(staged);
}
