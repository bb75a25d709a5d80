// The handlers of all jobs of the contract; the type demands each of them.
import type { CheckedJobData, JobName, JobResult } from "../../jobs/index.js";
import { changes } from "./changes.js";
import { checksum, checksumAtHand } from "./checksum.js";
import { checksumGraph } from "./checksum-graph.js";
import { commit } from "./commit.js";
import { deleteImage } from "./delete.js";
import { exportToOutbox } from "./export.js";
import { gc } from "./gc.js";
import type { Handler, WorkerHost } from "./handler.js";
import { importJob } from "./import.js";
import { mount } from "./mount.js";
import { pull } from "./pull.js";
import { push } from "./push.js";
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
  pull,
  push,
  delete: deleteImage,
  gc,
  tag,
  untag,
};

/** The result of a job that is at hand: the handler, which would find the same, need not be called. */
export function answerAtHand<Name extends JobName>(
  name: Name,
  data: CheckedJobData<Name>,
  host: WorkerHost,
): JobResult<Name> | undefined {
  if (name !== "checksum") return undefined;
  return checksumAtHand(data as CheckedJobData<"checksum">, host) as JobResult<Name> | undefined;
}

export type { Handler, JobTry, WorkerHost } from "./handler.js";
