// The job `tag`: an image gets a name, which another may have had.
import { z } from "zod";
import { imageId, imageName, imageReference } from "../fields.js";

export const tagData = z.strictObject({
  id: imageReference,
  /** Without a tag, `latest`. */
  name: imageName,
});

export const tagResult = z.strictObject({
  /** With its tag. */
  name: z.string(),
  id: imageId,
  /** What the name stood for, if that was another image. */
  previous: z.string().nullable(),
});
