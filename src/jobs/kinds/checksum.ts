// The job `checksum`: sha256(json + "\n" + archive) of one image, the archive made by a recipe.
import { z } from "zod";
import { blockCounts, bytes, digest, durationMs, imageId, imageReference, recipe } from "../fields.js";
import { defineJob } from "../job-kind.js";
import { recipeKey } from "./recipe-key.js";

const checksumData = z.strictObject({
  id: imageReference,
  /** Default: `defaultRecipe`. */
  recipe: recipe.optional(),
  /** Compute it even if one is stored. */
  force: z.boolean().optional(),
});

const checksumResult = z.strictObject({
  id: imageId,
  recipe,
  checksum: digest,
  /** Digest of the canonical tar stream; null where the checksum comes from a `checksums` file of Docker 0.3. */
  tarDigest: digest.nullable(),
  layerBytes: bytes,
  /** Size of the recipe's archive; null as `tarDigest`. */
  archiveBytes: bytes.nullable(),
  /** True if it was stored already and nothing was computed. */
  cached: z.boolean(),
  /** The blocks of an archive by xz; absent where nothing was computed. */
  blocks: blockCounts.optional(),
  durationMs,
});

export const checksumJob = defineJob({
  name: "checksum",
  queue: "checksum",
  data: checksumData,
  result: checksumResult,
  subject: ["data.id"],
  unrepeatable: null,
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: ({ id, recipe, force }) => `checksum/${id}/${recipeKey(recipe, force)}`,
});
