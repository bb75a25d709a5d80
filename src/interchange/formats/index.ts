// The formats of images, as both sides have them: what is read, and what is written.
export { config, type HistoryEntry, historyEntry, type ImageConfig, recordsField } from "./config.js";
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
  type Index,
  index,
  type Manifest,
  manifest,
  type Platform,
  platform,
} from "./manifest.js";
export { type DocumentKind, documentKind, type LayerKind, layerKind, mediaTypes } from "./media-types.js";
export { annotationKeys, blobPath, indexFile, layout, layoutFile, layoutVersion } from "./oci-layout.js";
