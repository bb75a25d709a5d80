// Imports and exports images as docker-archives and OCI layouts.
export { type Exported, type ExportRequest, exportImages } from "./export.js";
export { type Imported, type ImportOptions, importImages } from "./import.js";
export type { LayerProgress } from "./layer-progress.js";
export { type Pulled, type PullRequest, pullImages } from "./pull/index.js";
export { type Pushed, type PushRequest, pushImage } from "./push/index.js";
export { openRegistries, type Registries, type RegistryPolicy } from "./registry/index.js";
export { spool } from "./source/index.js";
