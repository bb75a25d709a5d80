// The door of sources.
export { withSeekableSource } from "./seekable-source.js";
export { openSource, removeUpload, type SourcePolicy } from "./source.js";
