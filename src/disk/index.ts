// What is kept on disk, whatever it holds: the paths of a root, files, locks and staging.

// Where everything in a root lies.

export {
  imageEntries,
  namesWithin,
  rootEntries,
  rootEntryOf,
  rootPath,
  stagingName,
} from "./root-paths.js";

// Files and directories.

export { openAges } from "./ages.js";
export { cachedRead } from "./cached-read.js";
export { replaceFile, syncDirectory, syncFileSystem, writeDurably } from "./durable-file.js";
export { digestFile } from "./file-digest.js";
export { type FileStamp, inodeOf, readStamp } from "./file-stamp.js";
export { diskOf } from "./free-space.js";
export { ioError } from "./io-error.js";
export { makeDirectory } from "./make-directory.js";
export { networkFileSystem } from "./network-file-system.js";
export { longestPlainFile, readPlainFile, readPlainFileWithStamp } from "./plain-file.js";
export { type ReadEntries, readSideBySide } from "./read-side-by-side.js";
export { createStampedMemory, joinStamps } from "./stamped-memory.js";
export { assertWritable } from "./writable.js";

// Many items: some at a time, and with turns for other work.

export { forEachConcurrent, mapConcurrent, openTurns, shareRuns } from "./concurrency.js";
export { createYielder } from "./yielding.js";

// Locks between processes, and who owns what.

export { withFreeLock, withLock, withLocks } from "./directory-lock.js";
export {
  currentOwner,
  formatOwner,
  type Owner,
  type OwnerStatus,
  ownerStatus,
  parseOwner,
  runsOnThisKernel,
} from "./process-owner.js";

// Staging: what is being made or removed.

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
