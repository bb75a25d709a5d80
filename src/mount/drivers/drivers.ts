// Which driver mounts.
import { type MountDriverName, mountDriverNames, StevedoreError } from "../../terms/index.js";
import { aufs } from "./aufs.js";
import { copy } from "./copy.js";
import type { Driver } from "./driver.js";
import { fuseOverlayfs } from "./fuse-overlayfs.js";
import { kernelHas } from "./host-support.js";
import { overlay } from "./overlay.js";

const drivers: Readonly<Record<MountDriverName, Driver>> = {
  overlay,
  aufs,
  "fuse-overlayfs": fuseOverlayfs,
  copy,
};

/** The driver of that name. */
export function driverOf(name: MountDriverName): Driver {
  return drivers[name];
}

/**
 * The driver that was asked for, or for `auto` the first that works here.
 * @throws what keeps the one that was asked for from working, naming those that would: `MOUNT_UNSUPPORTED`,
 * `NEEDS_ROOT`, `TOOL_MISSING`
 */
export async function chooseDriver(asked: MountDriverName | "auto"): Promise<Driver> {
  if (asked === "auto") {
    for (const name of mountDriverNames) if (await isAvailable(name)) return drivers[name];
  }
  const driver = drivers[asked === "auto" ? "copy" : asked];
  const obstacle = await driver.obstacle();
  if (obstacle === undefined) return driver;
  const others = await availableDrivers();
  throw new StevedoreError(obstacle.code, `${obstacle.message}; here work: ${others.join(", ")}`, {
    cause: obstacle,
  });
}

/** The drivers that work on this host. */
export async function availableDrivers(): Promise<MountDriverName[]> {
  const checked = await Promise.all(
    mountDriverNames.map(async (name) => ({ name, works: await isAvailable(name) })),
  );
  return checked.filter(({ works }) => works).map(({ name }) => name);
}

async function isAvailable(name: MountDriverName): Promise<boolean> {
  if ((await drivers[name].obstacle()) !== undefined) return false;
  // Who asks for aufs by name has it tried, with its module loaded if need be.
  return name !== "aufs" || kernelHas("aufs");
}
