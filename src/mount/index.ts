// A stack of layers as one directory: mount, unmount, changes, and the upper to commit.
export { availableDrivers } from "./drivers/index.js";
export { imageOfUpper, readyPath } from "./fresh-upper.js";
export type { MountRequest } from "./mount-image.js";
export {
  entryOf,
  hasMark,
  hostOf,
  isHere,
  isMounted,
  isMountId,
  type MountRecord,
  mountPaths,
  ownDirectory,
  readMountRecord,
  readMountRecords,
  sourceName,
} from "./mount-record.js";
export { readMountTable } from "./mount-table.js";
export { type Mount, type MountState, type Mounts, openMounts } from "./mounts.js";
export { isAbandoned } from "./recovery.js";
export { imageSetAside, layersAside } from "./set-aside.js";
export { hasEmptyUpper } from "./unmount-image.js";
export {
  readViewState,
  stampLayer,
  stampLayers,
  stampViews,
} from "./views/index.js";
