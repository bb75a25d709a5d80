// The job `untag`: removes a name. A retry that finds it gone has succeeded.
import { isId, quote, StevedoreError } from "../../terms/index.js";
import type { Handler } from "./handler.js";

export const untag: Handler<"untag"> = async (job, { graph }) => {
  const { name, id: meant } = job.data;
  const id = await graph.names.lookup(name);
  const isMeant = id !== undefined && (meant === undefined || id === meant);
  if (!isMeant) {
    if (job.isRepeat && meant !== undefined) return { name, id: meant };
    throw nameNotFound(name);
  }
  // So that a retry does not take the name from another image that has it by then.
  if (id !== meant && isId(id)) await job.amend({ name, id });
  const [removed] = await graph.names.remove([name]);
  if (removed === undefined) throw nameNotFound(name);
  const [fullName, stoodFor] = removed;
  return { name: fullName, id: stoodFor };
};

function nameNotFound(name: string): StevedoreError {
  return new StevedoreError("IMAGE_NOT_FOUND", `no image has the name ${quote(name)}`);
}
