// The driver fuse-overlayfs: a union file system in user space, for those who are not root. It reads the whiteouts of
// AUFS and OCI itself.
import { access, constants } from "node:fs/promises";
import { syncFileSystem } from "../../disk/index.js";
import { run, tools } from "../../host/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Driver } from "./driver.js";
import { unmountByKernel } from "./kernel-mount.js";

/** It refuses these. They are about the access times of directories, of which it keeps none. */
const unknownFlags = ["diratime", "nodiratime"];

const isRoot = () => process.geteuid?.() === 0;

export const fuseOverlayfs: Driver = {
  name: "fuse-overlayfs",
  // It takes a name for deleted that its layer both deletes and makes anew. Views have no such names, but only root can make
  // them.
  get takesViews() {
    return isRoot();
  },
  heedsUserXattrs: true,
  deletions: "files",
  mostLayers: Number.POSITIVE_INFINITY,
  isKernelMount: true,
  // It does not let us name its mount, so a mount is known by its target alone.
  entryOf: ({ target }, table) =>
    table.find((entry) => entry.type === "fuse.fuse-overlayfs" && entry.target === target),
  flush: syncFileSystem,
  async unmount(target, signal) {
    if (isRoot()) return unmountByKernel(target, signal);
    await run(tools.fusermount, ["-u", "--", target], { failure: "MOUNT_FAILED", signal });
  },
  async obstacle() {
    try {
      await run(tools.fuseOverlayfs, ["--version"]);
      await access("/dev/fuse", constants.R_OK | constants.W_OK);
      return undefined;
    } catch (error) {
      if (error instanceof StevedoreError && error.code === "TOOL_MISSING") return error;
      const reason = `fuse-overlayfs cannot work here: ${(error as Error).message}`;
      return new StevedoreError("MOUNT_UNSUPPORTED", reason, { cause: error });
    }
  },
  async mount({ target, links, lowers, own, layers, isWritable, flags }, signal) {
    // It resolves the links, and reads what they lead to once more as a list.
    const unreadable = layers.find((path) => path.includes(":"));
    if (unreadable !== undefined) {
      const message = `fuse-overlayfs takes no path with a colon, such as ${unreadable}: use the driver copy`;
      throw new StevedoreError("MOUNT_UNSUPPORTED", message);
    }
    const upper = isWritable ? [`upperdir=${own}/upper`, `workdir=${own}/work`] : [];
    const known = flags.filter((flag) => !unknownFlags.includes(flag));
    const options = [...known, `lowerdir=${lowers.join(":")}`, ...upper].join(",");
    await run(tools.fuseOverlayfs, ["-o", options, target], { cwd: links, failure: "MOUNT_FAILED", signal });
  },
};
