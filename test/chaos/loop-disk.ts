// A disk of a trial's own: a file system in a file, mounted through a loop device, that can lose its power or fill up.
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { mountedNow } from "../support/mounts/mounted.js";
import { shell } from "../support/processes/shell.js";

export interface LoopDiskOptions {
  readonly image: string;
  readonly mountPoint: string;
  readonly mebibytes: number;
  /** Default: ext4. XFS takes 300 MiB at least. */
  readonly fileSystem?: "ext4" | "xfs" | "btrfs" | undefined;
  /** How many inodes an ext4 has; undefined for what mke2fs(8) thinks best. */
  readonly inodes?: number | undefined;
}

/** Makes the disk and mounts it. */
export async function makeLoopDisk(options: LoopDiskOptions): Promise<void> {
  const { image, mountPoint, mebibytes, fileSystem = "ext4", inodes } = options;
  mkdirSync(mountPoint, { recursive: true });
  await shell(`truncate -s ${mebibytes}M ${image}`);
  await shell(`mkfs.${fileSystem} -q ${inodes === undefined ? "" : `-N ${inodes} `}${image}`);
  await mountLoopDisk(image, mountPoint);
}

/** Mounts it; the kernel replays its journal. */
export async function mountLoopDisk(image: string, mountPoint: string): Promise<void> {
  await shell(`mount -o loop ${image} ${mountPoint}`);
}

/** Unmounts it, whoever uses it, with all that is mounted below. */
export async function dropLoopDisk(image: string, mountPoint: string): Promise<void> {
  const targets = mountedNow().filter(
    ({ target }) => target === mountPoint || target.startsWith(`${mountPoint}/`),
  );
  for (const { target } of targets.toReversed()) await shell(`umount --no-canonicalize --lazy '${target}'`);
  rmSync(image, { force: true });
}

/**
 * Copies the disk as it would be found if the power went now: what the file system has written to it, and not what it
 * still holds in memory. The processes that use it must stand still; a copy into which the kernel wrote meanwhile is
 * made anew.
 */
export function copyAsFound(image: string, mountPoint: string, copy: string): void {
  const device = mountedNow().findLast(({ target }) => target === mountPoint)?.source ?? "";
  for (let tries = 0; tries < 100; tries++) {
    const before = writesTo(device);
    copyFileSync(image, copy);
    const after = writesTo(device);
    if (before.done === after.done && before.underWay + after.underWay === 0) return;
  }
  throw new Error(`${device} does not come to rest`);
}

/** Writes that a block device has done, and requests that are under way (Documentation/block/stat.rst, fields 5 and 9). */
function writesTo(device: string): { readonly done: number; readonly underWay: number } {
  const fields = readFileSync(`/sys/block/${basename(device)}/stat`, "latin1")
    .trim()
    .split(/ +/)
    .map(Number);
  return { done: fields[4] ?? 0, underWay: fields[8] ?? 0 };
}
