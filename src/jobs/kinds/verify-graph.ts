// The job `verify-graph`: the layers of many images, each verified by a child job of its own.
import { z } from "zod";
import { bytes, durationMs, failedImages, imageIds } from "../fields.js";

export const verifyGraphData = z.strictObject({
  /** Default: every image of the graph. */
  ids: imageIds.optional(),
});

export const verifyGraphResult = z.strictObject({
  total: z.int().nonnegative(),
  /** Those whose layer is the one whose checksum is stored. */
  verified: z.int().nonnegative(),
  /** The others: `CHECKSUM_MISMATCH` is the code of a layer that is another. */
  failed: failedImages,
  /** The sum over all images that did not fail. */
  layerBytes: bytes,
  /** From the first try to the last child's end. */
  durationMs,
});
