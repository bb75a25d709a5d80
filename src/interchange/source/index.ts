// What an import reads: a directory or an archive, the images it holds, and their layers.
export { type SourceFile, type SourceFiles, spool } from "./files/index.js";
export {
  assertSameLayer,
  beginFilling,
  type FillOptions,
  isKnownLayer,
  type LayersLimits,
} from "./layers/index.js";
export { withSource } from "./open-source.js";
export { type ReadSource, readImages } from "./read-images.js";
export { readReferenced } from "./referenced-images.js";
export type { ChainImage, SourceFormat, SourceLayer, SourceRequest } from "./source-image.js";
