// What this host lets us mount.
import { readFileSync } from "node:fs";
import { run, tools } from "../../host/index.js";
import { StevedoreError } from "../../terms/index.js";

/** The capability that mount(2) wants: CAP_SYS_ADMIN, capabilities(7). */
const capSysAdmin = 21n;

/** For mount(8): without this, util-linux 2.39 and newer passes each option by itself, and at most 255 bytes of it. */
export const oneSystemCall = { LIBMOUNT_FORCE_MOUNT2: "always" };

/** True if this process may mount, by its effective capabilities. */
export function mayMount(): boolean {
  const [, hex = "0"] = /^CapEff:\s+([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
  return ((BigInt(`0x${hex}`) >> capSysAdmin) & 1n) === 1n;
}

/** The error for a driver that needs rights this process lacks. */
export function needsRoot(driver: string): StevedoreError {
  return new StevedoreError(
    "NEEDS_ROOT",
    `the driver ${driver} needs root (CAP_SYS_ADMIN): run the worker as root, or use the driver fuse-overlayfs ` +
      `(package ${tools.fuseOverlayfs.package}), which needs no root, or copy`,
  );
}

/** True if the kernel has a file system, or a module that brings it. */
export async function kernelHas(fileSystem: string): Promise<boolean> {
  const known = readFileSync("/proc/filesystems", "latin1").split("\n");
  if (known.some((line) => line.split("\t")[1] === fileSystem)) return true;
  return run(tools.modprobe, ["--dry-run", "--quiet", fileSystem]).then(
    () => true,
    () => false,
  );
}
