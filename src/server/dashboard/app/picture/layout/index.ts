// Where each image of the picture lies.

export { layOutToFill } from "./best-layout.js";
export type { Detail } from "./detail.js";
export {
  type Ages,
  ageInWords,
  agesOf,
  type ChecksumState,
  checksumState,
  detailAt,
  sizeShare,
  zoomLimits,
} from "./detail.js";
export { type Forest, type GraphNode, historyOf, plantForest } from "./forest.js";
export { card, type Group, groupTitle, gutter, type Layout, layOut } from "./layout.js";
export type { Size } from "./pack.js";
export { type Box, indexPlaces, type Places } from "./places.js";
export { type Step, walk } from "./walk.js";
