// The driver overlay: the kernel's own union file system (kernel doc filesystems/overlayfs.rst).
import { existsSync } from "node:fs";
import { uptime } from "node:os";
import { run, tools } from "../../host/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Driver } from "./driver.js";
import { kernelHas, mayMount, needsRoot, oneSystemCall } from "./host-support.js";
import { entryBySource, unmountByKernel } from "./kernel-mount.js";

/** OVL_MAX_STACK of the kernel. */
const mostLayers = 500;

/**
 * Features that would leave an upper of which the files alone do not tell the changes: directories that were moved by
 * reference, files without content, hard links that are bound to these very lowers. An option that a kernel does not
 * know would fail the mount, so it is given only where the module has the parameter of that name.
 */
const unwanted = ["redirect_dir", "metacopy", "index"];

export const overlay: Driver = {
  name: "overlay",
  takesViews: true,
  heedsUserXattrs: false,
  deletions: "devices",
  mostLayers,
  isKernelMount: true,
  entryOf: entryBySource,
  unmount: unmountByKernel,
  async obstacle() {
    if (!mayMount()) return needsRoot("overlay");
    if (await kernelHas("overlay")) return undefined;
    return new StevedoreError("MOUNT_UNSUPPORTED", "this kernel has no overlay file system");
  },
  async mount({ source, target, links, lowers, own, isWritable, flags }, signal) {
    // Without an upper the kernel wants two lowers at least; `none` is an empty one.
    const lowest = isWritable || lowers.length > 1 ? [] : [`${own}/none`];
    const options = [
      ...flags,
      `lowerdir=${[...lowers, ...lowest].join(":")}`,
      ...(isWritable ? [`upperdir=${own}/upper`, `workdir=${own}/work`] : []),
      ...unwanted
        .filter((name) => existsSync(`/sys/module/overlay/parameters/${name}`))
        .map((name) => `${name}=off`),
    ];
    const args = [
      "--no-canonicalize",
      "--types",
      "overlay",
      "--options",
      options.join(","),
      "--",
      source,
      target,
    ];
    try {
      await run(tools.mount, args, {
        cwd: links,
        failure: "MOUNT_FAILED",
        environment: oneSystemCall,
        signal,
      });
    } catch (error) {
      if (!(error instanceof StevedoreError) || error.code !== "MOUNT_FAILED") throw error;
      throw new StevedoreError("MOUNT_FAILED", error.message + (await kernelReason()), { cause: error });
    }
  },
};

/** How old a line of the kernel's log may be to be about a mount that has just failed, in s. */
const recent = 2;

/** What overlayfs said of its refusal: mount(2) brings back no more than a number. */
async function kernelReason(): Promise<string> {
  const log = await run(tools.dmesg, []).catch(() => "");
  const now = uptime();
  for (const line of log.split("\n").toReversed()) {
    const [, seconds, text] = /^\[\s*(\d+\.\d+)\] overlay(?:fs)?: (.*)$/.exec(line) ?? [];
    if (text !== undefined) return now - Number(seconds) <= recent ? ` (the kernel: ${text})` : "";
  }
  return "";
}
