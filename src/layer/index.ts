// A layer's bytes: in (unpack an untrusted archive) and out (pack, compress, hash by a recipe).
export { archiveLayer } from "./archive.js";
export { attributeNames, type ProbedAttribute, probeAttributes } from "./attributes/index.js";
export { canonicalTar, checkTar, packCanonicalTar } from "./canonical-tar.js";
export {
  type ChecksumRequest,
  checksumLayer,
  type Digest,
  digestLayer,
  passThrough,
} from "./checksum.js";
export { compressionOf, decompress, headBytes, neededDecompressors } from "./compression.js";
export { type ManifestEntry, xattrsDigest } from "./manifest.js";
export { beginsAsManifest, DamagedManifest, openManifest } from "./manifest-file.js";
export { shellLine } from "./shell-line.js";
export { assembleArchive, beginsAsSplit, type SplitLayer } from "./split/index.js";
export {
  type Change,
  copyEntries,
  copyUpFrom,
  type DeletionForm,
  flattenLayers,
  inheritDirectories,
  isSeen,
  packUpper,
  readChanges,
  type Upper,
} from "./stack/index.js";
export { readSteadily } from "./steady-read.js";
export { takeHead } from "./take-head.js";
export {
  type BodilessEntry,
  baseName,
  byteOrder,
  checkName,
  childPath,
  endOfArchive,
  formatTarEntry,
  joinPath,
  mostSymlinks,
  parentPath,
  quoteName,
  readablePath,
  splitName,
  unsafe,
  type WalkedEntry,
  walkTar,
} from "./tar/index.js";
export { toolOutput } from "./tool-output.js";
export { type CopyUp, type Unpacked, type UnpackLimits, type UnpackOptions, unpack } from "./unpack.js";
export { type Verdict, verifyLayer } from "./verify-layer.js";
export { eachWithXattrs, readDirectoryXattrs, type Xattr } from "./xattrs.js";
export {
  type BlockCompressor,
  type BlockInput,
  canCheckXzBlocks,
  checkKnownAnswer,
  checkXzBlock,
  chooseXzEngine,
  compressXz,
  engineCompressor,
  readXzBlock,
  type XzBlock,
  type XzEngine,
  type XzSettings,
} from "./xz/index.js";
