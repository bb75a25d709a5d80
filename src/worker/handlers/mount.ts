// The job `mount`: mounts an image with its ancestors as one directory. A retry finds what the first try has mounted.
import { hostQueueName } from "../../jobs/index.js";
import type { Mount, Mounts } from "../../mount/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Handler } from "./handler.js";

export const mount: Handler<"mount"> = async (job, { graph, mounts }, signal) => {
  const begun = performance.now();
  const { id, target, readOnly, driver, options, host = graph.host } = job.data;
  if (host !== graph.host) {
    const message = `this is the host ${graph.host}: what ${host} is to mount is enqueued on ${hostQueueName("mount", host)}`;
    throw new StevedoreError("INVALID_JOB", message);
  }
  const request = { id, target, isReadOnly: readOnly, driver, options, jobId: job.id };
  const earlier = job.isRepeat ? await earlierMount(job.id, mounts) : undefined;
  const made = earlier ?? (await mounts.mount(request, signal));
  return { ...describe(made), durationMs: Math.round(performance.now() - begun) };
};

/** What an earlier try of the job has mounted. A mount that a reboot has ended meanwhile is removed. */
async function earlierMount(jobId: string, mounts: Mounts): Promise<Mount | undefined> {
  const mount = await mounts.ofJob(jobId);
  if (mount?.state !== "stale") return mount;
  await mounts.unmount(mount.mountId);
  return undefined;
}

function describe({ mountId, id, target, host, driver, layers, upper }: Mount) {
  return { mountId, id, target, host, driver, layers, ...(upper === undefined ? {} : { upper }) };
}
