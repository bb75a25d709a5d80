// The driver fuse-overlayfs: a union file system in user space, for those who are not root. It reads the whiteouts of
// AUFS and OCI itself.
import { access, constants } from "node:fs/promises";
import { StevedoreError } from "../error.js";
import { run } from "../host/run.js";
import { tools } from "../host/tool.js";
import type { Driver } from "./driver.js";

export const fuseOverlayfs: Driver = {
  name: "fuse-overlayfs",
  takesViews: false,
  deletions: "files",
  mostLayers: Number.POSITIVE_INFINITY,
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
  async mount({ target, links, layers, isWritable, flags }, signal) {
    // It resolves the links, and reads what they lead to once more as a list.
    const unreadable = [...layers, links].find((path) => path.includes(":"));
    if (unreadable !== undefined) {
      const message = `fuse-overlayfs takes no path with a colon, such as ${unreadable}: use the driver copy`;
      throw new StevedoreError("MOUNT_UNSUPPORTED", message);
    }
    const lowers = Array.from(layers, (_, number) => number).join(":");
    const upper = isWritable ? ["upperdir=../upper", "workdir=../work"] : [];
    const options = [...flags, `lowerdir=${lowers}`, ...upper].join(",");
    await run(tools.fuseOverlayfs, ["-o", options, target], { cwd: links, failure: "MOUNT_FAILED", signal });
  },
};
