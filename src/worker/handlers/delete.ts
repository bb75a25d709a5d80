// The job `delete`: removes an image from the graph. A retry that finds it gone has succeeded.
import { StevedoreError } from "../../terms/index.js";
import type { Handler } from "./handler.js";

export const deleteImage: Handler<"delete"> = async (job, { graph, mounts }, signal) => {
  const { force = false } = job.data;
  const id = await graph.resolve(job.data.id).catch((error: unknown) => {
    if (job.isRepeat && error instanceof StevedoreError && error.code === "IMAGE_NOT_FOUND") return undefined;
    throw error;
  });
  if (id === undefined) return { id: job.data.id };
  // The full id, so that a retry cannot delete another image that the same prefix names by then.
  if (id !== job.data.id) await job.amend({ ...job.data, id });
  await mounts.deleteImage(id, { force }, signal);
  return { id };
};
