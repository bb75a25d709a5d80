// What an import or a pull passes over of its source: what is no image.
import { z } from "zod";
import { skipReasons } from "../../terms/index.js";

/** No more of what is passed over is listed, so that the record of a job stays small. */
export const listedSkipped = 100;

/** The fields of a result that tell of it. */
export const passedOver = {
  /** What the source has besides images, at most 100 of it; absent where there is nothing. */
  skipped: z
    .array(
      z.strictObject({
        digest: z.string(),
        mediaType: z.string(),
        /** What it is, as far as the source says. */
        artifactType: z.string().optional(),
        reason: z.enum(skipReasons),
      }),
    )
    .max(listedSkipped)
    .optional(),
  /** How many more were passed over than are listed; absent where all are. */
  skippedMore: z.int().positive().optional(),
};
