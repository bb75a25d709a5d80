// The job `untag`: a name is taken away, and the image stays.
import { z } from "zod";
import { imageId } from "../fields.js";
import { defineJob } from "../job-kind.js";

const untagData = z.strictObject({
  /** As the graph has it, be it one that no new name may be; without a tag, `latest`. */
  name: z.string().min(1).max(4_096),
  /** The image that it must stand for. Default: whichever it does. */
  id: imageId.optional(),
});

const untagResult = z.strictObject({
  /** With its tag. */
  name: z.string(),
  /** What it stood for. */
  id: z.string(),
});

export const untagJob = defineJob({
  name: "untag",
  queue: "store",
  data: untagData,
  result: untagResult,
  subject: ["data.id", "result.id", "data.name"],
  unrepeatable: "from the second run on there would be no name left",
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: null,
});
