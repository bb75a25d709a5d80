// The door of source.
export { spool } from "./files/index.js";
export { beginFilling, type FillOptions, type LayersLimits } from "./fill-layers.js";
export { withSource } from "./open-source.js";
export { assertSameLayer } from "./present-layer.js";
export { type ReadSource, readImages } from "./read-images.js";
export type { SourceFormat, SourceLayer, SourceRequest } from "./source-image.js";
