// Compressed blocks of checksums that are not finished, and who is at which of them.
export {
  type BlockStore,
  type BlockStoreOptions,
  type LayerBlocks,
  openBlockStore,
} from "./block-store.js";
export { type Claims, openClaims } from "./claims.js";
export { type OldBlocks, removeAbandonedBlockFiles, removeOldBlocks } from "./left-files.js";
export { type BlockFileKind, checksumName, kindOfBlockFile } from "./names.js";
