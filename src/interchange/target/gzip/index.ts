// Layers by gzip: the same bytes on every host, on all cores.
export { gzipBlocks } from "./gzip-blocks.js";
