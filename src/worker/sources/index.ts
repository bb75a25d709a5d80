// The door of sources.
export { parseAllowedHost } from "./allowed-hosts.js";
export type { DownloadLimits } from "./download.js";
export { withSeekableSource } from "./seekable-source.js";
export { openSource, removeUpload, type SourcePolicy } from "./source.js";
