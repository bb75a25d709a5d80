// The handlers of all jobs of the contract; the type demands each of them.
import type { JobName } from "../../jobs/index.js";
import { changes } from "./changes.js";
import { checksum } from "./checksum.js";
import { checksumGraph } from "./checksum-graph.js";
import { commit } from "./commit.js";
import { deleteImage } from "./delete.js";
import { exportToOutbox } from "./export.js";
import { gc } from "./gc.js";
import type { Handler } from "./handler.js";
import { importJob } from "./import.js";
import { mount } from "./mount.js";
import { store } from "./store.js";
import { tag } from "./tag.js";
import { unmount } from "./unmount.js";
import { untag } from "./untag.js";
import { verify } from "./verify.js";
import { verifyGraph } from "./verify-graph.js";

export const handlers: { readonly [Name in JobName]: Handler<Name> } = {
  store,
  commit,
  import: importJob,
  checksum,
  "checksum-graph": checksumGraph,
  verify,
  "verify-graph": verifyGraph,
  mount,
  unmount,
  changes,
  export: exportToOutbox,
  delete: deleteImage,
  gc,
  tag,
  untag,
};
export type { Handler, JobTry, WorkerHost } from "./handler.js";
