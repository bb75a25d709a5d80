// The image store on disk. Most of what others need is a method of `Graph`; the rest of this door is for those who read the
// same files themselves: the audit, the listings, and who mounts or packs layers.

// The graph, its images and their records.

export type { Beside } from "./gathering.js";
export type { Graph, OpenGraphOptions } from "./graph.js";
export { type Image, imageExists, imageNotFound, imagePaths, loadImage } from "./image.js";
export { openImageIndex } from "./image-index.js";
export { type BrokenImage, type ListedImage, readParent } from "./listing.js";
export { openGraph } from "./open-graph.js";
export { type ImageRecord, makeRecord, parentOf, parseRecord, type RecordFields } from "./record.js";
export { assertRecordSize } from "./record-size.js";

// Images that an import makes.

export {
  configImageId,
  configImageRecord,
  fillEmptyLayer,
  type ImageDocuments,
  isConfigImage,
  layerImageId,
  layerImageRecord,
  manifestIsOf,
  readConfig,
  readManifest,
  withContent,
} from "./derived/index.js";

// Ids and names.

export { isGraphId } from "./graph-id.js";
export { makeId } from "./id.js";
export {
  formatRepositories,
  type Names,
  namesOf,
  type Repositories,
  readRepositories,
  removeNames,
} from "./names/index.js";

// How images are added, and what holds them meanwhile.

export { parentCycle, parentNotFound } from "./history.js";
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

// Checksums that are not finished.

export {
  type BlockFileKind,
  type BlockStore,
  type BlockStoreOptions,
  type Claims,
  checksumName,
  kindOfBlockFile,
  type LayerBlocks,
  type OldBlocks,
  openBlockStore,
  openClaims,
  removeAbandonedBlockFiles,
  removeOldBlocks,
} from "./blocks/index.js";

// What is kept beside a layer.

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
export { factsPath, knownLayerFacts, type LayerFacts, parseLayerFacts, splitPath } from "./facts/index.js";
export type { KnownBlob } from "./layer-blobs.js";
export { manifestPath } from "./layer-manifest.js";

// The names by which a layer says what it deletes.

export { meaningOf, opaqueMarker, whiteoutPrefix } from "./whiteout.js";
