// How a mount ends: unmounted, its target removed, its folder moved into staging by one rename and removed there.
import { mkdirSync, readdirSync } from "node:fs";
import { rename, rmdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isErrno, StevedoreError, throwIfAborted } from "../error.js";
import type { Graph } from "../graph/index.js";
import { ioError } from "../graph/io-error.js";
import { removeTree, stagingPath } from "../graph/staging.js";
import { run } from "../host/run.js";
import { tools } from "../host/tool.js";
import {
  clearMark,
  isInTable,
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
 * Ends a mount and removes its target. One that is no longer mounted is put away all the same.
 * @param keepUpper leaves the folder with the upper, for `changes` and `commit`
 * @throws `MOUNT_FAILED` for a target that stays busy; then nothing was removed. `INTERNAL`, `CANCELLED`
 */
export async function unmountImage(
  graph: Graph,
  record: MountRecord,
  { keepUpper }: { readonly keepUpper: boolean },
  signal?: AbortSignal | undefined,
): Promise<void> {
  const { mountId, driver, target } = record;
  if (driver === "copy") await removeTree(target);
  else if (isInTable(record, readMountTable())) await unmountPatiently(record, signal);
  await removeTarget(target);
  if (keepUpper) {
    await setMark(graph, mountId, "kept");
    await clearMark(graph, mountId, "mounted");
    const { work, links } = mountPaths(ownDirectory(graph, mountId));
    for (const path of [work, links]) await removeTree(path);
  } else await removeFolder(graph, mountId);
  await sweepAside(graph, imagesInUse(graph));
}

/** Takes back a mount that did not come to its end. Never throws: what cannot be removed now is found at the next start. */
export async function undoMount(graph: Graph, record: MountRecord): Promise<void> {
  const { mountId, driver, target, madeTarget } = record;
  try {
    if (driver === "copy") {
      await removeTree(target);
      // One that was there before stays, empty as it was.
      if (!madeTarget) mkdirSync(target);
    } else {
      if (isInTable(record, readMountTable())) await unmountPatiently(record, undefined);
      if (madeTarget) await removeTarget(target);
    }
    await removeFolder(graph, mountId);
  } catch {
    // The record is still there.
  }
}

/** The images of the mounts that the kernel holds. */
export function imagesInUse(graph: Graph): Set<string> {
  const table = readMountTable();
  const live = readMountRecords(graph).filter(
    (record) => record.driver !== "copy" && isInTable(record, table),
  );
  return new Set(live.flatMap(({ images }) => images));
}

/** True if nothing was written to a mount. */
export function hasEmptyUpper(graph: Graph, mountId: string): boolean {
  try {
    return readdirSync(mountPaths(ownDirectory(graph, mountId)).upper).length === 0;
  } catch {
    return true;
  }
}

/** umount(8), again and again while somebody uses the target. */
async function unmountPatiently(record: MountRecord, signal: AbortSignal | undefined): Promise<void> {
  const { target, driver } = record;
  const deadline = Date.now() + patience;
  const isFuse = driver === "fuse-overlayfs" && process.geteuid?.() !== 0;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      if (isFuse) await run(tools.fusermount, ["-u", "--", target], { failure: "MOUNT_FAILED", signal });
      else await run(tools.umount, ["--no-canonicalize", "--", target], { failure: "MOUNT_FAILED", signal });
      return;
    } catch (error) {
      if (!isInTable(record, readMountTable())) return;
      const isBusy = error instanceof StevedoreError && /: target is busy|resource busy/.test(error.message);
      if (!isBusy || Date.now() >= deadline) throw error;
    }
    await sleep(pause, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
}

/** Removes the mount point; AUFS holds on to it for a moment. What somebody has put there meanwhile stays. */
async function removeTarget(target: string): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      await rmdir(target);
      return;
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTEMPTY", "ENOTDIR")) return;
      if (!isErrno(error, "EBUSY") || Date.now() >= deadline) {
        throw ioError(error, `the mount point ${target} cannot be removed`);
      }
    }
    await sleep(firstPause);
  }
}

async function removeFolder(graph: Graph, mountId: string): Promise<void> {
  const staged = await stagingPath(graph.directory);
  try {
    await rename(ownDirectory(graph, mountId), staged);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw ioError(error, `the folder of the mount ${mountId} cannot be removed`);
  }
  await removeTree(staged);
}
