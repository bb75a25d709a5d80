// The kinds of jobs: the one list of them, in the order in which they are listed everywhere, and what else belongs to one.
import { changesJob } from "./changes.js";
import { checksumJob } from "./checksum.js";
import { checksumGraphJob } from "./checksum-graph.js";
import { commitJob } from "./commit.js";
import { deleteJob } from "./delete.js";
import { exportJob } from "./export.js";
import { gcJob } from "./gc.js";
import { importJob } from "./import.js";
import { mountJob } from "./mount.js";
import { pullJob } from "./pull.js";
import { pushJob } from "./push.js";
import { storeJob } from "./store.js";
import { tagJob } from "./tag.js";
import { unmountJob } from "./unmount.js";
import { untagJob } from "./untag.js";
import { verifyJob } from "./verify.js";
import { verifyGraphJob } from "./verify-graph.js";

export const jobKinds = [
  storeJob,
  commitJob,
  importJob,
  exportJob,
  pullJob,
  pushJob,
  deleteJob,
  gcJob,
  tagJob,
  untagJob,
  checksumJob,
  checksumGraphJob,
  verifyJob,
  verifyGraphJob,
  mountJob,
  unmountJob,
  changesJob,
] as const;

export { outboxFileName } from "./export.js";
export { listedImages } from "./gc.js";
export { mountOptionNames } from "./mount-fields.js";
export { listedSkipped } from "./passed-over.js";
export { type ImageFields, type LayerSource, uploadName } from "./store.js";
export { mismatchMessage } from "./verify.js";
