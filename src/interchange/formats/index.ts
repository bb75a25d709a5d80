// The formats of images, for imports and exports alike.
export { config, configsField, type HistoryEntry, type ImageConfig, recordsField } from "./config.js";
export { digestOf } from "./digest-of.js";
export {
  type DockerManifest,
  dockerManifest,
  layerFiles,
  layerVersion,
  manifestFile,
  type Repositories,
  repositories,
  repositoriesFile,
} from "./docker-archive.js";
export { longestDocument, parseDocument } from "./document.js";
export {
  type Descriptor,
  descriptor,
  digest,
  index,
  type Manifest,
  manifest,
  type Platform,
  platform,
} from "./manifest.js";
export { documentKind, isLayerType, layerKind, mediaTypes } from "./media-types.js";
export { annotationKeys, blobPath, indexFile, layout, layoutFile, layoutVersion } from "./oci-layout.js";
