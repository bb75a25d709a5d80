// The door of unreadable.
export { failRecord, removeRecord } from "./end-record.js";
export { guardEvents } from "./guarded-events.js";
export {
  brokenRecords,
  guardQueue,
  guardWorker,
  isOtherKey,
  isScriptError,
  poisonedRecords,
  stands,
} from "./guarded-queue.js";
