// The job `delete`: an image leaves the graph.
import { z } from "zod";
import { imageId, imageReference } from "../fields.js";

export const deleteData = z.strictObject({
  id: imageReference,
  /** Delete it even if it has children, which are then without their parent. */
  force: z.boolean().optional(),
});

export const deleteResult = z.strictObject({ id: imageId });
