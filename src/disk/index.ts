// The door of disk.

export { cachedRead } from "./cached-read.js";
export { forEachConcurrent, mapConcurrent, shareRuns } from "./concurrency.js";
export { withFreeLock, withLock, withLocks } from "./directory-lock.js";
export { replaceFile, syncDirectory, syncFileSystem, writeDurably } from "./durable-file.js";
export { digestFile } from "./file-digest.js";
export { inodeOf, readStamp } from "./file-stamp.js";
export { diskOf } from "./free-space.js";
export { ioError } from "./io-error.js";
export { makeDirectory } from "./make-directory.js";
export { longestPlainFile, readPlainFile } from "./plain-file.js";
export {
  currentOwner,
  formatOwner,
  type Owner,
  type OwnerStatus,
  ownerStatus,
  parseOwner,
} from "./process-owner.js";
export {
  imageEntries,
  namesWithin,
  rootEntries,
  rootEntryOf,
  rootPath,
  stagingName,
} from "./root-paths.js";
export {
  ownerOf,
  ownName,
  removeAbandoned,
  removeAbandonedStaging,
  removeTree,
  type StagingPlace,
  stagingDirectory,
  stagingLeft,
  stagingNames,
  stagingPath,
  withStage,
} from "./staging.js";
export { createStampedMemory, joinStamps } from "./stamped-memory.js";
export { assertWritable } from "./writable.js";
export { createYielder } from "./yielding.js";
