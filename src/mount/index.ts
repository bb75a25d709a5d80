// A stack of layers as one directory: mount, unmount, changes, and the upper to commit.
export { type DriverName, driverNames } from "./driver.js";
export { availableDrivers } from "./drivers.js";
export type { MountRequest } from "./mount-image.js";
export { type Mount, type MountState, type Mounts, openMounts } from "./mounts.js";
