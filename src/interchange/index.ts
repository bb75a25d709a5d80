// Imports and exports images as docker-archives and OCI layouts.
export { type Exported, type ExportRequest, exportImages } from "./export.js";
export { type Imported, type ImportOptions, importImages } from "./import.js";
export { spool } from "./source/index.js";
