// The stored checksums of images, and Docker 0.3's dictionary of them.
export {
  bringUpToDate,
  type KnownChecksum,
  openChecksumsDictionary,
  readDictionary,
  readPending,
} from "./checksums-dictionary.js";
export { fromDictionary, knownDockerChecksum } from "./docker-checksum.js";
export {
  addChecksum,
  checksumsPath,
  parseChecksums,
  readChecksums,
  rememberChecksums,
  type StoredChecksum,
  type StoredChecksums,
} from "./stored-checksums.js";
