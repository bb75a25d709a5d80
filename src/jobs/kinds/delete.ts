// The job `delete`: an image leaves the graph.
import { z } from "zod";
import { imageId, imageReference } from "../fields.js";
import { defineJob } from "../job-kind.js";

const deleteData = z.strictObject({
  id: imageReference,
  /** Delete it even if it has children, which are then without their parent. */
  force: z.boolean().optional(),
});

const deleteResult = z.strictObject({ id: imageId });

export const deleteJob = defineJob({
  name: "delete",
  queue: "store",
  data: deleteData,
  result: deleteResult,
  subject: ["data.id"],
  unrepeatable: "from the second run on there would be nothing left to delete",
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: null,
});
