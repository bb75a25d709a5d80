// The job `verify-graph`: the layers of many images, each verified by a child job of its own.
import { z } from "zod";
import { bytes, cancelledImages, durationMs, failedImages, imageIds } from "../fields.js";
import { defineJob } from "../job-kind.js";

const verifyGraphData = z.strictObject({
  /** Default: every image of the graph. */
  ids: imageIds.optional(),
});

const verifyGraphResult = z.strictObject({
  total: z.int().nonnegative(),
  /** Those whose layer is the one whose checksum is stored. */
  verified: z.int().nonnegative(),
  /** The others: `CHECKSUM_MISMATCH` is the code of a layer that is another. */
  failed: failedImages,
  cancelled: cancelledImages,
  /** The sum over all images that did not fail. */
  layerBytes: bytes,
  /** From the first try to the last child's end. */
  durationMs,
});

export const verifyGraphJob = defineJob({
  name: "verify-graph",
  queue: "checksum",
  data: verifyGraphData,
  result: verifyGraphResult,
  subject: [],
  unrepeatable: null,
  batchOf: "verify",
  changesPicture: false,
  goesToHost: false,
  deduplicationId: ({ ids }) => (ids === undefined ? "verify-graph" : undefined),
});
