// Finds the mount that a job's data names.
import type { Mount, Mounts } from "../../mount/index.js";
import { StevedoreError } from "../../terms/index.js";

interface MountReference {
  readonly mountId?: string | undefined;
  readonly target?: string | undefined;
  readonly host?: string | undefined;
}

/** The data for the host that has the mount, without the target, whose links may lead elsewhere on that host. */
export function onItsHost<Data extends MountReference>(data: Data, { mountId }: Mount): Data {
  return { ...data, mountId, target: undefined };
}

/** The mount. @throws `NOT_MOUNTED`, also if id and target name different mounts; `AMBIGUOUS_ID` */
export function mountOf({ mountId, target, host }: MountReference, mounts: Mounts): Mount {
  const found = mounts.find(mountId ?? target ?? "", host);
  if (mountId === undefined || target === undefined) return found;
  if (mounts.find(target, found.host).mountId === found.mountId) return found;
  throw new StevedoreError(
    "NOT_MOUNTED",
    `the mount ${found.mountId} is on ${found.target}, not on ${target}`,
  );
}
