// The door of tar.
export { baseName, byteOrder, childPath, joinPath, parentPath, readablePath } from "./byte-path.js";
export { fillDeviceFields } from "./device-fields.js";
export { mostSymlinks } from "./directory-tree.js";
export { checkName, splitName, unsafe } from "./entry-name.js";
export type { LayerEntry } from "./entry-path.js";
export {
  blockSize,
  hasValidChecksum,
  isZeroBlock,
  quoteName,
  readNumber,
  text,
} from "./header.js";
export {
  beforeAdded,
  formatHardLink,
  heldLinkOf,
} from "./held-entries.js";
export { resetDirectories } from "./implied-directories.js";
export {
  type ArchiveInspector,
  createArchiveInspector,
  type PlacedEntry,
  type UnpackLimits,
} from "./inspection.js";
export type { LinkBelow } from "./links-below.js";
export { listedPath, nameList } from "./names.js";
export type { PaxRecord } from "./pax.js";
export { type Edit, renameEntry } from "./rename-entry.js";
export { symlinkOf, type UnfinishedLayer } from "./unfinished-layer.js";
export { type TarWalk, type WalkedEntry, walkTar } from "./walk.js";
export {
  type BodilessEntry,
  endOfArchive,
  formatTarEntry,
} from "./writer.js";
