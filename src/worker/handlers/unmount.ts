// The job `unmount`. A retry that finds the mount gone has succeeded.
import type { JobResult } from "../../jobs/index.js";
import type { Mount, Mounts } from "../../mount/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Handler, JobTry } from "./handler.js";
import { mountOf, onItsHost } from "./mount-reference.js";

export const unmount: Handler<"unmount"> = async (job, { graph, mounts }, signal) => {
  const done = await job.otherHost.outcome();
  if (done !== undefined) return done;
  const { mountId, target, keepUpper = false } = job.data;
  let mount: Mount;
  try {
    mount = mountOf(job.data, mounts);
  } catch (error) {
    return doneBefore(error, job, mounts);
  }
  if (mount.host !== graph.host) return job.otherHost.leaveTo(mount.host, onItsHost(job.data, mount));
  // Both, so that a retry knows what the earlier try has unmounted.
  if (mount.mountId !== mountId || mount.target !== target) {
    await job.amend({ ...job.data, mountId: mount.mountId, target: mount.target });
  }
  try {
    await mounts.unmount(mount.mountId, { keepUpper }, signal);
  } catch (error) {
    return doneBefore(error, job, mounts);
  }
  return resultOf(mount, keepUpper);
};

/** The result of an earlier try, if the error says that the mount is gone. @throws the error otherwise */
function doneBefore(error: unknown, job: JobTry<"unmount">, mounts: Mounts): JobResult<"unmount"> {
  const { mountId, target, keepUpper = false } = job.data;
  const isGone = error instanceof StevedoreError && error.code === "NOT_MOUNTED";
  if (!isGone || !job.isRepeat || mountId === undefined || target === undefined) throw error;
  const kept = mounts.list().find((mount) => mount.mountId === mountId);
  return kept === undefined ? { mountId, target } : resultOf(kept, keepUpper);
}

function resultOf({ mountId, target, upper }: Mount, keepUpper: boolean): JobResult<"unmount"> {
  return { mountId, target, ...(keepUpper && upper !== undefined ? { upper } : {}) };
}
