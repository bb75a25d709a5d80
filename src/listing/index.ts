// What the front ends show of a graph, be it on a terminal, in JSON or in a browser.
export { type CatalogImage, type ImageCatalog, openImageCatalog } from "./image-catalog.js";
export { type HistoryStep, type LayerStep, layerSteps, readSteps } from "./image-history.js";
export { type FoundImage, type ImageMatch, type ImageSearch, searchImages } from "./image-search.js";
export {
  type BriefImage,
  childrenByParent,
  type ImageSummary,
  inBrief,
  readImages,
  summarize,
  summarizeEach,
} from "./image-summary.js";
export { type NamesByImage, readNames } from "./names.js";
export { type RecheckableChecksum, recheckable } from "./recheckable.js";
