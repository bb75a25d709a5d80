// The job `untag`: a name is taken away, and the image stays.
import { z } from "zod";
import { imageId } from "../fields.js";

export const untagData = z.strictObject({
  /** As the graph has it, be it one that no new name may be; without a tag, `latest`. */
  name: z.string().min(1).max(4_096),
  /** The image that it must stand for. Default: whichever it does. */
  id: imageId.optional(),
});

export const untagResult = z.strictObject({
  /** With its tag. */
  name: z.string(),
  /** What it stood for. */
  id: z.string(),
});
