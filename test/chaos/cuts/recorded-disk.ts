// A disk whose writes and flushes are recorded: a file system on a loop device, on a file that recorder.c serves. A flush of
// the file system comes to the loop device, and from there as fsync(2) to that file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mountedNow } from "../../support/mounts/mounted.js";
import { shell } from "../../support/processes/shell.js";
import type { SeededRandom } from "../../support/seeded-random.js";

export type FileSystem = "ext4" | "xfs" | "btrfs";

export interface RecordedDisk {
  /** What was written: for `readWriteLog`. */
  readonly log: string;
  readonly bytes: number;
  /** How it was made and mounted. */
  readonly form: string;
  /** How long the log is by now. What was answered before is in it. */
  position(): number;
  /** Unmounts it, with all that is mounted below, when its processes have ended; and ends the recording. */
  drop(): Promise<void>;
}

/** In MiB; the least of XFS is 300. */
const mebibytes = 512;
/** What a disk writes whole or not at all. Half a block of Btrfs's superblock would be a torn disk, and no cut of its power. */
export const sectorBytes = 4096;

/** How a file system may be made and mounted: each keeps what was synced, and each in another way. */
const forms: Readonly<Record<FileSystem, readonly (readonly [make: string, mount: string])[]>> = {
  ext4: [
    ["", "defaults"],
    ["", "noauto_da_alloc"],
    ["", "data=writeback,noauto_da_alloc"],
    ["", "data=journal"],
    ["", "nodelalloc"],
    ["-O fast_commit", "noauto_da_alloc"],
  ],
  xfs: [
    ["", "defaults"],
    ["", "logbsize=256k"],
    ["", "allocsize=64k"],
    ["-m reflink=0", "defaults"],
  ],
  btrfs: [
    ["", "defaults"],
    ["", "notreelog"],
    ["", "compress=zstd"],
    ["", "nodatacow"],
    ["", "flushoncommit"],
  ],
};

/** Makes the disk and mounts it. @param recorder the built recorder.c */
export async function makeRecordedDisk(
  recorder: string,
  directory: string,
  mountPoint: string,
  fileSystem: FileSystem,
  random: SeededRandom,
): Promise<RecordedDisk> {
  const [file, log] = [join(directory, "disk"), join(directory, "disk.log")];
  for (const path of [directory, mountPoint]) mkdirSync(path, { recursive: true });
  writeFileSync(file, "");
  const served = spawn(recorder, [file, log, `${mebibytes}`], { stdio: ["ignore", "pipe", "inherit"] });
  await Promise.race([once(served.stdout, "data"), once(served, "exit").then(fail)]);
  const device = await attach(file);
  const drop = async () => {
    await unmountWhole(mountPoint);
    await detach(device);
    await shell(`umount --lazy ${file}`);
    await ended(served);
  };
  const [made, mounted] = random.pick(forms[fileSystem]);
  try {
    await shell(`mkfs.${fileSystem} -q ${made} ${device}`);
    await mountDevice(device, mountPoint, fileSystem, mounted);
  } catch (error) {
    await drop();
    throw error;
  }
  return {
    ...{ log, bytes: mebibytes * 1024 ** 2, form: [fileSystem, made, mounted].filter(Boolean).join(" ") },
    position: () => statSync(log).size,
    drop,
  };
}

async function attach(file: string): Promise<string> {
  return `${await shell(`losetup --find --show --sector-size ${sectorBytes} ${file}`)}`.trim();
}

/**
 * Waits until nobody has the device open any more. mkfs.btrfs looks at the files of all loop devices, and fails where the server
 * of one has ended.
 */
async function detach(device: string): Promise<void> {
  await shell(`losetup --detach ${device}`);
  const isAttached = () => existsSync(`/sys/block/${basename(device)}/loop/backing_file`);
  for (let tries = 0; isAttached() && tries < 200; tries++) await sleep(20);
}

function fail(): never {
  throw new Error("the recorder has ended");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** Mounts a disk as it was found; the kernel replays its journal. */
export async function mountFound(image: string, mountPoint: string, fileSystem: FileSystem): Promise<void> {
  const device = await attach(image);
  try {
    // An earlier state of it may still be mounted in a namespace that somebody made meanwhile.
    await mountDevice(device, mountPoint, fileSystem, fileSystem === "xfs" ? "nouuid" : "defaults");
  } finally {
    // Goes with the mount.
    await shell(`losetup --detach ${device}`);
  }
}

async function mountDevice(device: string, mountPoint: string, fileSystem: FileSystem, options: string) {
  // Btrfs remembers disks by their id, and prefers a later state of this one, which is gone.
  if (fileSystem === "btrfs") await shell("btrfs device scan --forget");
  await shell(`mount -t ${fileSystem} -o ${options} ${device} ${mountPoint}`);
}

/** Unmounts a file system and what is mounted below it, whose processes have ended: now, not when nobody uses it any more. */
export async function unmountWhole(mountPoint: string): Promise<void> {
  const targets = mountedNow()
    .map(({ target }) => target)
    .filter((target) => target === mountPoint || target.startsWith(`${mountPoint}/`));
  for (const target of targets.toReversed()) {
    for (let tries = 1; ; tries++) {
      try {
        await shell(`umount --no-canonicalize '${target}'`);
        break;
      } catch (error) {
        if (tries === 100) throw error;
        await sleep(50);
      }
    }
  }
}
