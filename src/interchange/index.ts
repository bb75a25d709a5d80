// Images in the formats of other tools.
export { type Exported, type ExportFormat, type ExportRequest, exportImages } from "./export.js";
export {
  addToOutbox,
  assertNewInOutbox,
  listOutbox,
  type OutboxFile,
  outboxFile,
  outboxOf,
  removeAbandonedExports,
  removeFromOutbox,
} from "./outbox.js";
