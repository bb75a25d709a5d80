// Images of today in and out: docker-archives and OCI layouts.
export { type Exported, type ExportFormat, type ExportRequest, exportImages } from "./export.js";
export { type Imported, type ImportLimits, type ImportOptions, importImages } from "./import.js";
export {
  addToOutbox,
  assertNewInOutbox,
  listOutbox,
  type OutboxFile,
  outboxFile,
  removeAbandonedExports,
  removeFromOutbox,
} from "./outbox.js";
export { spool } from "./source/index.js";
