// The job `tag`: an image gets a name, which another may have had.
import { z } from "zod";
import { imageId, imageName, imageReference } from "../fields.js";
import { defineJob } from "../job-kind.js";

const tagData = z.strictObject({
  id: imageReference,
  /** Without a tag, `latest`. */
  name: imageName,
});

const tagResult = z.strictObject({
  /** With its tag. */
  name: z.string(),
  id: imageId,
  /** What the name stood for, if that was another image. */
  previous: z.string().nullable(),
});

export const tagJob = defineJob({
  name: "tag",
  queue: "store",
  data: tagData,
  result: tagResult,
  subject: ["data.id"],
  unrepeatable: "from the second run on the image would have its name",
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: null,
});
