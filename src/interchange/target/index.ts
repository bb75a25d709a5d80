// The door of target.
export { createArchive } from "./archive-writer.js";
export type { LayerCompression } from "./compress.js";
export { writeDocker, writeDockerLegacy } from "./docker-archive.js";
export type { ExportContent, ExportedImage, WriteFormat } from "./exported-image.js";
export { digestFile } from "./file-digest.js";
export { readyLayers, type Threads } from "./layers.js";
export { writeOci } from "./oci-layout.js";
