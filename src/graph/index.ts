// stevedore-graph/graph: the image store on disk. Needs neither Redis nor a worker.
export { inodeOf } from "./file-stamp.js";
export { type Graph, type OpenGraphOptions, openGraph } from "./graph.js";
export { assertId, isId, makeId, shortId } from "./id.js";
export type { Image } from "./image.js";
export {
  defaultTag,
  formatImageName,
  type ImageName,
  isImageName,
  parseImageName,
} from "./image-name.js";
export type { LayerFacts } from "./layer-facts.js";
export type { BrokenImage, ListedImage } from "./listing.js";
export type { Names } from "./names.js";
export { type ImageRecord, makeRecord, parseRecord, type RecordFields } from "./record.js";
export { assertRecordSize } from "./record-size.js";
export type { Holder } from "./references.js";
export type { FillLayer, NewImage } from "./register.js";
export type { ImageToAdd, RegisterAllOptions, RegisteredSet } from "./register-all.js";
export { removeAbandonedStaging, type StagingPlace } from "./staging.js";
export type { StoredChecksum, StoredChecksums } from "./stored-checksums.js";
export { assertWritable } from "./writable.js";
