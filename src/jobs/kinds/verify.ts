// The job `verify`: whether a layer is still the one whose checksum is stored, by its tar digest alone.
import { z } from "zod";
import { bytes, digest, durationMs, imageId, imageReference } from "../fields.js";

/**
 * The ways in which an entry of a layer may differ: `target` is what a symlink says, the number of a device, or with
 * which other name a file is one; what is `missing` was there, what is `extra` was not.
 */
export const differenceKinds = [
  "content",
  "mode",
  "owner",
  "mtime",
  "xattr",
  "type",
  "target",
  "missing",
  "extra",
] as const;

export const verifyData = z.strictObject({
  id: imageReference,
  /** Tell what differs, if the layer does and its manifest is there. */
  explain: z.boolean().optional(),
});

export const verifyResult = z.strictObject({
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
