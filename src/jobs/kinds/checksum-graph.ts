// The job `checksum-graph`: the checksums of many images, each by a child job of its own.
import { z } from "zod";
import { bytes, durationMs, failedImages, imageIds, recipe } from "../fields.js";

export const checksumGraphData = z.strictObject({
  /** Default: every image of the graph. */
  ids: imageIds.optional(),
  /** Default `xz-6`. */
  recipe: recipe.optional(),
  /** Compute them even if they are stored. */
  force: z.boolean().optional(),
});

export const checksumGraphResult = z.strictObject({
  total: z.int().nonnegative(),
  computed: z.int().nonnegative(),
  /** Those that were stored already. */
  cached: z.int().nonnegative(),
  failed: failedImages,
  /** The sum over all images that did not fail. */
  layerBytes: bytes,
  /** From the first try to the last child's end. */
  durationMs,
});
