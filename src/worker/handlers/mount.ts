// The job `mount`: an image with its ancestors as one directory. A second try finds what the first has mounted.
import type { Mount } from "../../mount/index.js";
import type { Handler } from "../handler.js";

export const mount: Handler<"mount"> = async (job, { mounts }, signal) => {
  const begun = performance.now();
  const { id, target, readOnly, driver, options } = job.data;
  const earlier = job.isRepeat ? await mounts.ofJob(job.id) : undefined;
  const request = { id, target, isReadOnly: readOnly, driver, options, jobId: job.id };
  const made = earlier ?? (await mounts.mount(request, signal));
  return { ...describe(made), durationMs: Math.round(performance.now() - begun) };
};

function describe({ mountId, id, target, driver, layers, upper }: Mount) {
  return { mountId, id, target, driver, layers, ...(upper === undefined ? {} : { upper }) };
}
