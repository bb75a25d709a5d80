// The job `unmount`: a mount ends, and with it, unless it is to be kept, what was written to it.
import { z } from "zod";
import { byMount, mountId, mountReference, namesMount, namesNoMount, targetPath } from "./mount-fields.js";

export const unmountData = z
  .strictObject({
    ...mountReference,
    /** Leave what was written, for `changes` and `commit`. */
    keepUpper: z.boolean().optional(),
  })
  .refine(namesMount, namesNoMount)
  .describe(byMount);

export const unmountResult = z.strictObject({
  mountId,
  target: targetPath,
  /** Where what was written lies, if it was kept. */
  upper: targetPath.optional(),
});
