// What the front ends show of a graph, be it on a terminal, in JSON or in a browser.
export { type CatalogImage, type ImageCatalog, openImageCatalog } from "./image-catalog.js";
export { commandsOf, type HistoryStep, type LayerStep, layerSteps, readSteps } from "./image-history.js";
export { type ImageQuery, type ImageRow, type ImageSort, imageSorts, openImageRows } from "./image-rows.js";
export { type FoundImage, type ImageMatch, type ImageSearch, searchImages } from "./image-search.js";
export {
  type BriefImage,
  childrenByParent,
  type ImageSummary,
  inBrief,
  measureMissing,
  readImages,
  summarize,
  summarizeEach,
} from "./image-summary.js";
export { readNamed } from "./named-image.js";
export { findNames, type NameRow, type NamesByImage, readNames } from "./names.js";
export { type CatalogWish, keepRecent, type RecentCatalog, type RecentCatalogs } from "./recent-catalog.js";
export { type RecheckableChecksum, recheckable } from "./recheckable.js";
