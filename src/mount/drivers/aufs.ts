// The driver aufs: as Docker 0.3 mounted, for kernels that have it.

import { run, tools } from "../../host/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Driver, MountOrder } from "./driver.js";
import { kernelHas, mayMount, needsRoot, oneSystemCall } from "./host-support.js";
import { entryBySource, unmountByKernel } from "./kernel-mount.js";

export const aufs: Driver = {
  name: "aufs",
  takesViews: false,
  heedsUserXattrs: false,
  deletions: "names",
  // AUFS_BRANCH_MAX_127, its default, less the upper.
  mostLayers: 126,
  isKernelMount: true,
  entryOf: entryBySource,
  unmount: unmountByKernel,
  async obstacle() {
    return mayMount() ? undefined : needsRoot("aufs");
  },
  // Who asks for it by name has it tried, with its module loaded if need be.
  isReady: () => kernelHas("aufs"),
  async mount(order, signal) {
    try {
      return await mountBranches(order, signal);
    } catch (error) {
      if (!(error instanceof StevedoreError) || error.code !== "MOUNT_FAILED") throw error;
    }
    // It may be that the module is not loaded yet.
    try {
      await run(tools.modprobe, ["aufs"], { failure: "MOUNT_UNSUPPORTED", signal });
    } catch (error) {
      if (!(error instanceof StevedoreError) || error.code === "CANCELLED") throw error;
      const message = `the module aufs cannot be loaded, use the driver overlay: ${error.message}`;
      throw new StevedoreError("MOUNT_UNSUPPORTED", message, { cause: error });
    }
    await mountBranches(order, signal);
  },
};

/** Mounts a writable branch on top of the layers, whose whiteouts count (`ro+wh`, aufs(5)). */
async function mountBranches(
  { source, target, links, lowers, own, isWritable, flags }: MountOrder,
  signal: AbortSignal | undefined,
): Promise<void> {
  const branches = [...(isWritable ? [`${own}/upper=rw`] : []), ...lowers.map((lower) => `${lower}=ro+wh`)];
  const options = [...flags, `br:${branches.join(":")}`].join(",");
  const args = ["--no-canonicalize", "--types", "aufs", "--options", options, "--", source, target];
  await run(tools.mount, args, { cwd: links, failure: "MOUNT_FAILED", environment: oneSystemCall, signal });
}
