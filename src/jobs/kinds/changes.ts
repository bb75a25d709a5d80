// The job `changes`: what was changed in a mount, as `docker diff` tells it.
import { z } from "zod";
import { byMount, mountReference, namesMount, namesNoMount } from "./mount-fields.js";

export const changesData = z.strictObject(mountReference).refine(namesMount, namesNoMount).describe(byMount);

export const changesResult = z.strictObject({
  /** Sorted by the bytes of the paths. */
  changes: z.array(
    z.strictObject({
      kind: z.enum(["modify", "add", "delete"]),
      /** Absolute, as it is seen in the mount. */
      path: z.string(),
    }),
  ),
});
