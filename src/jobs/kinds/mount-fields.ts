// The zod schemas of values that the jobs about mounts share.
import { z } from "zod";
import { hostNamePattern, mountDriverNames, nameRule } from "../../terms/index.js";
import { longestPath } from "../fields.js";

/** The id of a mount: made by the worker. */
export const mountId = z.string().regex(/^[0-9a-f]{16}$/);

/** The name of a host: a worker's `--host`. */
export const hostName = z.string().regex(hostNamePattern, `a host's name ${nameRule}`);

/** Where an image is mounted. */
export const targetPath = z
  .string()
  .max(longestPath)
  .regex(/^\/[^\0]*$/, "a target is an absolute path");

export const mountDriver = z.enum(mountDriverNames);

/**
 * Options of any file system (mount(8)). No others are taken: one of overlayfs itself could name any directory of the
 * worker's host.
 */
export const mountOptionNames = [
  ...["dev", "nodev", "suid", "nosuid", "exec", "noexec"],
  ...["atime", "noatime", "relatime", "strictatime", "diratime", "nodiratime"],
] as const;
export const mountOption = z.enum(mountOptionNames);

/**
 * A mount that exists: by its id, a unique prefix of it, or its target; by both if they agree. The job is done by the
 * host that has the mount; a `host` says which that is, where a target may be that of several.
 */
export const mountReference = {
  mountId: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/, "a mount's id, or a prefix of one, takes 1 to 16 of 0-9 a-f")
    .optional(),
  target: targetPath.optional(),
  host: hostName.optional(),
};

/** True for data that says which mount it is about. */
export function namesMount(data: {
  readonly mountId?: string | undefined;
  readonly target?: string | undefined;
}) {
  return data.mountId !== undefined || data.target !== undefined;
}
export const namesNoMount = { error: "give a mountId or a target" };
/** The same for readers of the JSON Schema, which does not say it otherwise. */
export const byMount = "Takes a mountId or a target, or both";
