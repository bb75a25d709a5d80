// The outbox of a root: exports wait there until they are fetched, or their time is over.
export { exportExpiry, markFetched, removeExpiredExports } from "./expiry.js";
export {
  addToOutbox,
  assertNewInOutbox,
  listOutbox,
  outboxFile,
  removeAbandonedExports,
  removeFromOutbox,
} from "./outbox.js";
