// The job `unmount`: a mount ends, and with it, unless it is to be kept, what was written to it.
import { z } from "zod";
import { defineJob } from "../job-kind.js";
import { byMount, mountId, mountReference, namesMount, namesNoMount, targetPath } from "./mount-fields.js";

const unmountData = z
  .strictObject({
    ...mountReference,
    /** Leave what was written, for `changes` and `commit`. */
    keepUpper: z.boolean().optional(),
  })
  .refine(namesMount, namesNoMount)
  .describe(byMount);

const unmountResult = z.strictObject({
  mountId,
  target: targetPath,
  /** Where what was written lies, if it was kept. */
  upper: targetPath.optional(),
});

export const unmountJob = defineJob({
  name: "unmount",
  queue: "mount",
  data: unmountData,
  result: unmountResult,
  subject: ["data.mountId", "data.target"],
  unrepeatable: "from the second run on there would be nothing left to unmount",
  batchOf: null,
  changesPicture: true,
  goesToHost: true,
  deduplicationId: null,
});
