// Several images added at once, and what holds images against deletion meanwhile.
export { findJournals, journalPath, readJournal } from "./journal.js";
export {
  abandonedLeases,
  removeAbandonedLeases,
  withLease,
} from "./lease.js";
export { type Holder, openReferences, type References } from "./references.js";
export {
  type ImageToAdd,
  type RegisterAllOptions,
  type RegisteredSet,
  registerAllImages,
} from "./register-all.js";
