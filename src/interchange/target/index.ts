// What an export or a push writes: the layers, the documents, and the archive in one of the formats.
export { createArchive } from "./archive-writer.js";
export type { LayerCompression } from "./compress.js";
export { compress } from "./compress.js";
export { writeDocker, writeDockerLegacy } from "./docker-archive.js";
export type { ExportContent, ExportedImage, WriteFormat } from "./exported-image.js";
export { createFile } from "./file-writer.js";
export { configOfImage } from "./image-config.js";
export { formatManifest } from "./image-manifest.js";
export { type LayerBlob, writeLayerBlob } from "./layer-blob.js";
export { annotationsOf, writeOci } from "./oci-layout.js";
export { type OutgoingLayer, outgoingLayer } from "./outgoing-layer.js";
export { assertUnchanged, readyLayers, type Threads } from "./ready-layers.js";
