// The outbox of a root: exports wait there until they are fetched.
export {
  addToOutbox,
  assertNewInOutbox,
  listOutbox,
  outboxFile,
  removeAbandonedExports,
  removeFromOutbox,
} from "./outbox.js";
