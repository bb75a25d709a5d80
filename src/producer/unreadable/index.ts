// The door of unreadable.
export { failRecord } from "./end-record.js";
export { guardQueue, guardWorker, isOtherKey, isScriptError, stands } from "./guarded-queue.js";
