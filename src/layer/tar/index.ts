// The door of tar.
export { baseName, byteOrder, childPath, joinPath, parentPath, readablePath } from "./byte-path.js";
export { fillDeviceFields } from "./device-fields.js";
export { createEntryReader, type EntryReader } from "./entries.js";
export { checkName, splitName, unsafe } from "./entry-name.js";
export type { LayerEntry } from "./entry-path.js";
export { describeEntry } from "./entry-type.js";
export { addExtendedHeader, isExtendedHeader, noExtendedHeaders } from "./extended-headers.js";
export {
  blockSize,
  hasValidChecksum,
  isZeroBlock,
  quoteName,
  readHeader,
  readNumber,
  type TarHeader,
  text,
} from "./header.js";
export { resetDirectories } from "./implied-directories.js";
export {
  type ArchiveInspector,
  type ByteRange,
  createArchiveInspector,
  type UnpackLimits,
} from "./inspection.js";
export { nameList } from "./names.js";
export { type PaxRecord, readPaxRecords } from "./pax.js";
export {
  type BodilessEntry,
  endOfArchive,
  formatTarEntry,
} from "./writer.js";
