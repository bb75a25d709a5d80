// The job `checksum-graph`: the checksums of many images, each by a child job of its own.
import { z } from "zod";
import { bytes, cancelledImages, durationMs, failedImages, imageIds, recipe } from "../fields.js";
import { defineJob } from "../job-kind.js";
import { recipeKey } from "./recipe-key.js";

const checksumGraphData = z.strictObject({
  /** Default: every image of the graph. */
  ids: imageIds.optional(),
  /** Default: `defaultRecipe`. */
  recipe: recipe.optional(),
  /** Compute them even if they are stored. */
  force: z.boolean().optional(),
});

const checksumGraphResult = z.strictObject({
  total: z.int().nonnegative(),
  computed: z.int().nonnegative(),
  /** Those that were stored already. */
  cached: z.int().nonnegative(),
  failed: failedImages,
  cancelled: cancelledImages,
  /** The sum over all images that did not fail. */
  layerBytes: bytes,
  /** From the first try to the last child's end. */
  durationMs,
});

export const checksumGraphJob = defineJob({
  name: "checksum-graph",
  queue: "checksum",
  data: checksumGraphData,
  result: checksumGraphResult,
  subject: [],
  unrepeatable: null,
  batchOf: "checksum",
  changesPicture: false,
  goesToHost: false,
  deduplicationId: ({ ids, recipe, force }) =>
    ids === undefined ? `checksum-graph/${recipeKey(recipe, force)}` : undefined,
});
