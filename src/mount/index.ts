// A stack of layers as one directory: mount, unmount, changes, and the upper to commit.

export { availableDrivers } from "./drivers/index.js";
export type { MountRequest } from "./mount-image.js";
export { type Mount, type Mounts, openMounts } from "./mounts.js";

// What the audit reads of mounts as they lie on disk.

export {
  entryOf,
  hasMark,
  hostOf,
  imagesInStack,
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
export { isAbandoned } from "./recovery.js";
export { imageSetAside, layersAside } from "./set-aside.js";
export { hasEmptyUpper } from "./unmount-image.js";

// What it reads of views, of links to lowers, and of uppers that lie ready.

export { imageOfUpper, readyPath } from "./fresh-upper.js";
export { linkNamesOf, readViewState, stampLayer, stampLayers, stampViews } from "./views/index.js";
