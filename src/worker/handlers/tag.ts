// The job `tag`: gives an image a name. A retry names the image that the first try has found.

import { formatImageName, parseImageName } from "../../terms/index.js";
import type { Handler } from "./handler.js";

export const tag: Handler<"tag"> = async (job, { graph }) => {
  const id = await graph.resolve(job.data.id);
  const name = formatImageName(parseImageName(job.data.name));
  // The full id, so that a retry cannot find another image by the same name or prefix.
  if (id !== job.data.id) await job.amend({ ...job.data, id });
  const moved = await graph.names.set(new Map([[name, id]]));
  return { name, id, previous: moved.get(name) ?? null };
};
