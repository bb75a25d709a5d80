// Which mount the data of a job is about.
import { StevedoreError } from "../error.js";
import type { Mount, Mounts } from "../mount/index.js";

/** @throws `NOT_MOUNTED`, also for an id and a target of two mounts; `AMBIGUOUS_ID` */
export function mountOf(
  { mountId, target }: { readonly mountId?: string | undefined; readonly target?: string | undefined },
  mounts: Mounts,
): Mount {
  const found = mounts.find(mountId ?? target ?? "");
  if (mountId === undefined || target === undefined || mounts.find(target).mountId === found.mountId)
    return found;
  throw new StevedoreError(
    "NOT_MOUNTED",
    `the mount ${found.mountId} is on ${found.target}, not on ${target}`,
  );
}
