// The job `changes`: what was changed in a mount, as `docker diff` tells it.
import { z } from "zod";
import { changeKinds } from "../../terms/index.js";
import { defineJob } from "../job-kind.js";
import { byMount, mountReference, namesMount, namesNoMount } from "./mount-fields.js";

const changesData = z.strictObject(mountReference).refine(namesMount, namesNoMount).describe(byMount);

const changesResult = z.strictObject({
  /** Sorted by the bytes of the paths. */
  changes: z.array(
    z.strictObject({
      kind: z.enum(changeKinds),
      /** Absolute, as it is seen in the mount. */
      path: z.string(),
    }),
  ),
});

export const changesJob = defineJob({
  name: "changes",
  queue: "mount",
  data: changesData,
  result: changesResult,
  subject: ["data.mountId", "data.target"],
  unrepeatable: "its result is for whoever asks, and nobody would",
  batchOf: null,
  changesPicture: false,
  goesToHost: true,
  deduplicationId: null,
});
