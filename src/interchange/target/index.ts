// What an export writes: the layers, and the archive in one of the formats.
export { createArchive } from "./archive-writer.js";
export type { LayerCompression } from "./compress.js";
export { writeDocker, writeDockerLegacy } from "./docker-archive.js";
export type { ExportContent, ExportedImage, WriteFormat } from "./exported-image.js";
export { writeOci } from "./oci-layout.js";
export { readyLayers, type Threads } from "./ready-layers.js";
