import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { openMounts } from "../../../src/mount/index.js";
import { toolPath, useScratchMounts, writeStack } from "../../support/mounts/scratch-mounts.js";
import { withoutRebirth } from "../../support/trees/random-layers.js";
import { itConforms } from "./conformance.js";

const scratch = useScratchMounts();
const driver = "fuse-overlayfs";

itConforms(driver, {
  async breaking() {
    const fuse = await toolPath("fuse-overlayfs");
    return {
      "fuse-overlayfs": `[ "$1" = --version ] && exec ${fuse} --version; echo 'fuse-overlayfs: it broke' >&2; exit 1`,
    };
  },
  breakingCode: "MOUNT_FAILED",
  rootName: "a,b c\\d e=f",
  touchesDirectories: true,
  namesHardLinksByChance: true,
  showable: withoutRebirth,
});

it("a root's path with a colon is refused by fuse-overlayfs with a word about copy", async () => {
  const graph = await openGraph(join(await scratch.fresh(), "a:b"), { create: true });
  const id = await writeStack(graph, ["mkdir d; echo a > d/a; echo b > b", "mkdir d; touch d/.wh.a"]);
  const mounts = openMounts(graph);
  await expect(mounts.mount({ id, driver })).rejects.toMatchObject({
    code: "MOUNT_UNSUPPORTED",
    message: expect.stringMatching(/takes no path with a colon.*use the driver copy/),
  });
  expect(mounts.list()).toEqual([]);
  expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
});
