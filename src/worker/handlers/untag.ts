// The job `untag`. A second try finds the name gone, which is what was asked for.

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
  // So that a repeat leaves the name to another image that has got it meanwhile.
  if (id !== meant && isId(id)) await job.amend({ name, id });
  const [removed] = await graph.names.remove([name]);
  if (removed === undefined) throw nameNotFound(name);
  const [fullName, stoodFor] = removed;
  return { name: fullName, id: stoodFor };
};

function nameNotFound(name: string): StevedoreError {
  return new StevedoreError("IMAGE_NOT_FOUND", `no image has the name ${quote(name)}`);
}
