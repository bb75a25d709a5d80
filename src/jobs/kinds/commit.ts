// The job `commit`: what was written to a mount becomes a new image, whose parent is the mounted one.
import { z } from "zod";
import { imageName, recipe } from "../fields.js";
import { defineJob } from "../job-kind.js";
import { byMount, mountReference, namesMount, namesNoMount } from "./mount-fields.js";
import { imageFields, storeResult } from "./store.js";

const commitData = z
  .strictObject({
    ...mountReference,
    /** The record's fields; the worker makes an id and a time where they are missing. The parent is the mounted image. */
    image: imageFields.optional(),
    /** A name for the image, set together with it. */
    name: imageName.optional(),
    /** Also enqueue a `checksum` job by this recipe once the image is stored. */
    checksum: recipe.optional(),
  })
  .refine(namesMount, namesNoMount)
  .refine(({ image }) => image?.parent === undefined, {
    error: "the parent of a commit is the mounted image: leave it out",
    path: ["image", "parent"],
  })
  .describe(`${byMount}; the image has no parent: that is the mounted one`);

const commitResult = storeResult;

export const commitJob = defineJob({
  name: "commit",
  queue: "store",
  data: commitData,
  result: commitResult,
  subject: ["result.id", "data.image.id", "data.mountId", "data.target"],
  unrepeatable: "each run would make another image, or find its id taken",
  batchOf: null,
  changesPicture: true,
  goesToHost: true,
  deduplicationId: null,
});
