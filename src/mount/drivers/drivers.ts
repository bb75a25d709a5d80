// Which driver mounts.
import { type MountDriverName, mountDriverNames, StevedoreError } from "../../terms/index.js";
import { aufs } from "./aufs.js";
import { copy } from "./copy.js";
import type { Driver } from "./driver.js";
import { fuseOverlayfs } from "./fuse-overlayfs.js";
import { overlay } from "./overlay.js";

const drivers: Readonly<Record<MountDriverName, Driver>> = {
  overlay,
  aufs,
  "fuse-overlayfs": fuseOverlayfs,
  copy,
};

/** A driver's name, or `auto` for the first that works here. */
export type DriverChoice = MountDriverName | "auto";

/** The driver of that name. */
export function driverOf(name: MountDriverName): Driver {
  return drivers[name];
}

/**
 * The driver that was asked for, or for `auto` the first that works here.
 * @throws what keeps the one that was asked for from working, naming those that would: `MOUNT_UNSUPPORTED`,
 * `NEEDS_ROOT`, `TOOL_MISSING`
 */
export async function chooseDriver(asked: DriverChoice = "auto"): Promise<Driver> {
  if (asked === "auto") {
    for (const name of mountDriverNames) if (await isAvailable(name)) return drivers[name];
  }
  // The last one works everywhere.
  const driver = asked === "auto" ? copy : drivers[asked];
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

/** @throws `MOUNT_UNSUPPORTED` for more layers than a driver takes, naming one that takes any number */
export function assertTakes({ name, mostLayers }: Driver, layers: number, imageId: string): void {
  if (layers <= mostLayers) return;
  const other = mountDriverNames.findLast((each) => drivers[each].mostLayers === Number.POSITIVE_INFINITY);
  throw new StevedoreError(
    "MOUNT_UNSUPPORTED",
    `the image ${imageId} has ${layers} layers, the driver ${name} takes ${mostLayers}; the driver ${other} takes any number`,
  );
}

async function isAvailable(name: MountDriverName): Promise<boolean> {
  const driver = drivers[name];
  if ((await driver.obstacle()) !== undefined) return false;
  return driver.isReady === undefined || driver.isReady();
}
