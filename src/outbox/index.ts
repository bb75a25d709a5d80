// The outbox of a root: exports wait there until they are fetched.
export {
  addToOutbox,
  assertNewInOutbox,
  listOutbox,
  outboxFile,
  outboxOf,
  removeAbandonedExports,
  removeFromOutbox,
} from "./outbox.js";
