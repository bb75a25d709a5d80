// The job `verify`: whether a layer is still the one whose checksum is stored, by its tar digest alone.
import { z } from "zod";
import { differenceKinds } from "../../terms/index.js";
import { bytes, digest, durationMs, imageId, imageReference } from "../fields.js";
import { defineJob } from "../job-kind.js";

const verifyData = z.strictObject({
  id: imageReference,
  /** Tell what differs, if the layer does and its manifest is there. */
  explain: z.boolean().optional(),
});

const verifyResult = z.strictObject({
  id: imageId,
  /** False for a mismatch, which is a result and no failure of the job. */
  ok: z.boolean(),
  /** The tar digest that is stored. */
  expected: digest,
  /** That of the layer as it is. */
  actual: digest,
  layerBytes: bytes,
  durationMs,
  /** Of a mismatch, if that was asked for and a manifest of `expected` is stored: the first 1,000, by their paths. */
  differences: z
    .array(
      z.strictObject({
        /** Absolute within the layer. */
        path: z.string(),
        kind: z.enum(differenceKinds),
      }),
    )
    .optional(),
  /** How many there are besides; absent if that is all. */
  more: z.int().positive().optional(),
});

/** What to tell of a layer that was verified and is another. */
export function mismatchMessage({ id, expected, actual }: z.infer<typeof verifyResult>): string {
  return `the layer of image ${id} has the tar digest ${actual}, but ${expected} is stored`;
}

export const verifyJob = defineJob({
  name: "verify",
  queue: "checksum",
  data: verifyData,
  result: verifyResult,
  subject: ["data.id"],
  unrepeatable: null,
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: ({ id, explain = false }) => `verify/${id}${explain ? "/explain" : ""}`,
});
