// The door of sets.
export { type FoundJournal, findJournals, journalPath, readJournal } from "./journal.js";
export {
  abandonedLeases,
  type Locked,
  leasesDirectory,
  livingLeases,
  removeAbandonedLeases,
  removeDeadLeases,
  withLease,
} from "./lease.js";
export { type Holder, openReferences, type References } from "./references.js";
export {
  type ImageToAdd,
  type RegisterAllOptions,
  type RegisteredSet,
  registerAllImages,
} from "./register-all.js";
export { completeSet } from "./set-completion.js";
