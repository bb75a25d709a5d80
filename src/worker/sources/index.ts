// The door of sources.
export type { DownloadLimits } from "./download.js";
export { withSeekableSource } from "./seekable-source.js";
export { openSource, removeUpload, type SourcePolicy } from "./source.js";
