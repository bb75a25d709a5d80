// The files of a source, in a directory or a tar archive.
export { openArchive } from "./archive-files.js";
export { openDirectory } from "./directory-files.js";
export { assertEnd, findNeeded, type SourceFile, type SourceFiles } from "./files.js";
export { readRange } from "./read-range.js";
export { spool } from "./spool.js";
