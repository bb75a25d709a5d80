// The door of kinds.
export { changesData, changesResult } from "./changes.js";
export { checksumData, checksumResult } from "./checksum.js";
export { checksumGraphData, checksumGraphResult } from "./checksum-graph.js";
export { commitData, commitResult } from "./commit.js";
export { deleteData, deleteResult } from "./delete.js";
export { exportData, exportFormats, exportResult, layerCompressions, outboxFileName } from "./export.js";
export { gcData, gcResult, listedImages } from "./gc.js";
export { importData, importResult } from "./import.js";
export { mountData, mountResult } from "./mount.js";
export { mountDriverNames, mountOptionNames } from "./mount-fields.js";
export { type ImageFields, type LayerSource, storeData, storeResult, uploadName } from "./store.js";
export { tagData, tagResult } from "./tag.js";
export { unmountData, unmountResult } from "./unmount.js";
export { untagData, untagResult } from "./untag.js";
export { differenceKinds, mismatchMessage, verifyData, verifyResult } from "./verify.js";
export { verifyGraphData, verifyGraphResult } from "./verify-graph.js";
