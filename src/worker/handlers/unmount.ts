// The job `unmount`. A second try finds the mount gone, which is what was asked for.
import { StevedoreError } from "../../error.js";
import type { JobResult } from "../../jobs/index.js";
import type { Mount } from "../../mount/index.js";
import type { Handler } from "../handler.js";
import { mountOf } from "../mount-reference.js";

export const unmount: Handler<"unmount"> = async (job, { mounts }, signal) => {
  const { mountId, target, keepUpper = false } = job.data;
  try {
    const mount = mountOf(job.data, mounts);
    // Both, so that a repeat can tell what an earlier try has unmounted.
    if (mount.mountId !== mountId || mount.target !== target) {
      await job.amend({ ...job.data, mountId: mount.mountId, target: mount.target });
    }
    await mounts.unmount(mount.mountId, { keepUpper }, signal);
    return resultOf(mount, keepUpper);
  } catch (error) {
    const isGone = error instanceof StevedoreError && error.code === "NOT_MOUNTED";
    if (!isGone || !job.isRepeat || mountId === undefined || target === undefined) throw error;
    const kept = mounts.list().find((mount) => mount.mountId === mountId);
    return kept === undefined ? { mountId, target } : resultOf(kept, keepUpper);
  }
};

function resultOf({ mountId, target, upper }: Mount, keepUpper: boolean): JobResult<"unmount"> {
  return { mountId, target, ...(keepUpper && upper !== undefined ? { upper } : {}) };
}
