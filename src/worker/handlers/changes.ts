// The job `changes`: what was changed in a mount.
import type { Handler } from "../handler.js";
import { mountOf } from "../mount-reference.js";

export const changes: Handler<"changes"> = async (job, { mounts }, signal) => {
  const { mountId } = mountOf(job.data, mounts);
  return { changes: await mounts.changes(mountId, signal) };
};
