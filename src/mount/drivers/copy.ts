// The driver copy: no mount at all, the layers written out into the target. Works everywhere, costs the disk.
import { realpath } from "node:fs/promises";
import { removeTree } from "../../disk/index.js";
import { flattenLayers } from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";
import { readMountTable } from "../mount-table.js";
import type { Driver } from "./driver.js";

export const copy: Driver = {
  name: "copy",
  takesViews: false,
  heedsUserXattrs: false,
  deletions: undefined,
  mostLayers: Number.POSITIVE_INFINITY,
  isKernelMount: false,
  obstacle: async () => undefined,
  mount: ({ layers, target }, signal) => flattenLayers(layers, target, signal),
  entryOf: () => undefined,
  unmount: removeCopy,
};

/** Removes what was written. A target that leads elsewhere by now, through a link, is not that. */
async function removeCopy(target: string): Promise<void> {
  const real = await realpath(target).catch(() => undefined);
  if (real === undefined) return;
  if (real !== target) {
    throw new StevedoreError(
      "MOUNT_FAILED",
      `the copy at ${target} was exchanged: that leads to ${real} now`,
    );
  }
  // A directory bound there is of the same file system, so `rm` would not stop at it.
  const inside = readMountTable().find(({ target: other }) => other.startsWith(`${target}/`));
  if (inside !== undefined) {
    const message = `the copy at ${target} is busy: ${inside.source} is mounted on ${inside.target}`;
    throw new StevedoreError("MOUNT_FAILED", message);
  }
  await removeTree(target);
}
