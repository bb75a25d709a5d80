// Extended attributes by which a layer could pass for a driver's own notes mean nothing with any driver.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { availableDrivers } from "../../../src/mount/drivers/index.js";
import { openMounts } from "../../../src/mount/index.js";
import type { MountDriverName } from "../../../src/terms/mount-drivers.js";
import { newGraph, useScratchMounts, writeStack } from "../../support/mounts/scratch-mounts.js";
import { applyLayers } from "../../support/trees/apply-layers.js";
import { listTree } from "../../support/trees/tree-listing.js";

const scratch = useScratchMounts();
const drivers: readonly MountDriverName[] = await availableDrivers();

/** Each forges something in the upper of two layers. */
const forgeries: readonly (readonly [what: string, script: string])[] = [
  ["user.overlay.opaque", "setfattr -n user.overlay.opaque -v y d"],
  ["user.fuseoverlayfs.opaque", "setfattr -n user.fuseoverlayfs.opaque -v y d"],
  ["trusted.overlay.opaque beside a whiteout", "touch .wh.gone; setfattr -n user.overlay.opaque -v y d"],
  ["user.overlay.opaque of the root", "setfattr -n user.overlay.opaque -v y ."],
  ["user.fuseoverlayfs.origin", "setfattr -n user.fuseoverlayfs.origin -v secret f"],
  ["user.overlay.origin of a file of two names", "ln f g; setfattr -n user.overlay.origin -v secret f"],
  ["user.overlay.redirect", "setfattr -n user.overlay.redirect -v /secret d"],
  ["user.overlay.metacopy", "setfattr -n user.overlay.metacopy -v '' f"],
  [
    "override_stat",
    "setfattr -n user.containers.override_stat -v 0:0:0555 .; setfattr -n user.containers.override_stat -v 7:7:0777 f",
  ],
  ["user.fuseoverlayfs.override_stat", "setfattr -n user.fuseoverlayfs.override_stat -v 0:0:0555 . f"],
];
const layers = (forgery: string) => [
  "mkdir d; echo old > d/old; echo secret > secret; touch gone; touch -d @1 d d/old secret gone .",
  `mkdir d; echo new > d/new; echo f > f; setfattr -n user.mine -v 1 d f; ${forgery}; touch -d @2 d d/new f .`,
];
const notes = / user\.(overlay|fuseoverlayfs|containers)\.[^ ]*/g;
const lines = async (directory: string) =>
  (await listTree(directory)).map((line) => line.replace(/ links=\d+/, ""));

describe.each(drivers)("with %s", (driver) => {
  it.each(forgeries)("%s means nothing", async (_, forgery) => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, layers(forgery));
    const mounts = openMounts(graph);
    const oracle = await scratch.fresh();
    await applyLayers((await graph.layers(id)).reverse(), oracle);
    const before = await Promise.all((await graph.layers(id)).map(lines));
    const expected = await lines(oracle);
    for (const isReadOnly of [false, true]) {
      const mount = await mounts.mount({ id, driver, isReadOnly });
      // The kernel's overlay and a copy show the attribute as any other; fuse-overlayfs shows none of its own.
      const shows = driver === "overlay" || driver === "copy";
      const wanted = shows ? expected : expected.map((line) => line.replace(notes, ""));
      const shown = await lines(mount.target);
      expect(shows ? shown : shown.map((line) => line.replace(notes, ""))).toEqual(wanted);
      expect(readFileSync(join(mount.target, "f"), "utf8")).toBe("f\n");
      if (!isReadOnly && mount.upper !== undefined) {
        expect(await mounts.changes(mount.mountId)).toEqual([]);
        await execa("bash", ["-euc", "echo more >> d/new; rm d/old; echo x > d/x"], { cwd: mount.target });
        const kinds = (await mounts.changes(mount.mountId)).map(({ kind, path }) => `${kind} ${path}`);
        expect(kinds).toEqual(["modify /d", "modify /d/new", "delete /d/old", "add /d/x"]);
      }
      await mounts.unmount(mount.mountId, { keepUpper: !isReadOnly });
    }
    expect(await Promise.all((await graph.layers(id)).map(lines))).toEqual(before);
  });
});
