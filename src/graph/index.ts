// stevedore-graph/graph: the image store on disk. Needs neither Redis nor a worker.
export {
  bringUpToDate,
  checksumsPath,
  type KnownChecksum,
  knownDockerChecksum,
  parseChecksums,
  readDictionary,
  readPending,
  type StoredChecksum,
  type StoredChecksums,
} from "./checksums/index.js";
export type { Graph, OpenGraphOptions } from "./graph.js";
export { isGraphId } from "./graph-id.js";
export { parentCycle, parentNotFound } from "./history.js";
export { makeId } from "./id.js";
export { type Image, imageExists, imageNotFound, imagePaths, loadImage } from "./image.js";
export { openImageIndex } from "./image-index.js";
export { factsPath, knownLayerFacts, type LayerFacts, parseLayerFacts } from "./layer-facts.js";
export { manifestPath } from "./layer-manifest.js";
export { type BrokenImage, type ListedImage, readParent } from "./listing.js";
export {
  formatRepositories,
  type Names,
  namesOf,
  type Repositories,
  readRepositories,
  removeNames,
} from "./names/index.js";
export { openGraph } from "./open-graph.js";
export { type ImageRecord, makeRecord, parentOf, parseRecord, type RecordFields } from "./record.js";
export { assertRecordSize } from "./record-size.js";
export type { FillLayer, NewImage } from "./register.js";
export {
  abandonedLeases,
  findJournals,
  type Holder,
  type ImageToAdd,
  journalPath,
  type RegisterAllOptions,
  type RegisteredSet,
  readJournal,
} from "./sets/index.js";
export { meaningOf, opaqueMarker, whiteoutPrefix } from "./whiteout.js";
