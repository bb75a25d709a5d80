import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openMounts } from "../../../src/mount/index.js";
import {
  mountsBelow,
  newGraph,
  toolPath,
  useScratchMounts,
  withTools,
  writeStack,
} from "../../support/mounts/scratch-mounts.js";
import { runs } from "../../support/processes/runs.js";
import { applyLayers } from "../../support/trees/apply-layers.js";
import { layerStacks } from "../../support/trees/layer-stacks.js";
import { randomLayers, writeRandomLayer } from "../../support/trees/random-layers.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";
import { listTree } from "../../support/trees/tree-listing.js";

const scratch = useScratchMounts();
const driver = "copy";

/** Asserts that a copy is what its layers stand for, with the counts of links. */
async function expectCopy(target: string, layers: readonly string[]) {
  const oracle = await scratch.fresh();
  await applyLayers(layers.toReversed(), oracle);
  expect(await listTree(target)).toEqual(await listTree(oracle));
}

describe("a copy is what its layers stand for", () => {
  it.each(Object.entries(layerStacks))("%s", async (_, scripts) => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, scripts);
    const { target, state, layers } = await openMounts(graph).mount({ id, driver });
    expect({ state, layers }).toEqual({ state: "mounted", layers: scripts.length });
    await expectCopy(target, await graph.layers(id));
  });

  it("whatever meets in them", async () => {
    await fc.assert(
      fc.asyncProperty(randomLayers, async (layers) => {
        const graph = await newGraph(scratch);
        const id = await writeStack(
          graph,
          layers.map(() => ""),
        );
        for (const [at, directory] of (await graph.layers(id)).reverse().entries()) {
          const layer = layers[at];
          if (layer !== undefined) writeRandomLayer(layer, directory, at);
        }
        const { target } = await openMounts(graph).mount({ id, driver });
        await expectCopy(target, await graph.layers(id));
      }),
      { numRuns: runs(6) },
    );
  });

  it("with everything that a layer may hold", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["mkdir etc; echo old > etc/removed", "", "touch .wh.empty"]);
    await makeRichTree(join(graph.directory, "layer-2/layer"));
    const { target } = await openMounts(graph).mount({ id, driver });
    await expectCopy(target, await graph.layers(id));
  });
});

describe("a copy", () => {
  it("is no mount, and what is written to it reaches no layer", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a", "echo b > b; ln b c"]);
    const mounts = openMounts(graph);
    const { target, mountId } = await mounts.mount({ id, driver });
    expect(mountsBelow(graph.root)).toEqual([]);
    writeFileSync(join(target, "a"), "changed");
    writeFileSync(join(target, "b"), "changed");
    expect(readFileSync(join(graph.directory, "layer-1/layer/a"), "utf8")).toBe("a\n");
    expect(readFileSync(join(graph.directory, "layer-2/layer/c"), "utf8")).toBe("b\n");
    await mounts.unmount(mountId);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });

  it("keeps no account of changes, and has no upper", async () => {
    const graph = await newGraph(scratch);
    const mounts = openMounts(graph);
    const mount = await mounts.mount({ id: await writeStack(graph, ["echo a > a"]), driver });
    expect(mount).not.toHaveProperty("upper");
    const unsupported = { code: "MOUNT_UNSUPPORTED", message: expect.stringContaining(mount.mountId) };
    await expect(mounts.changes(mount.mountId)).rejects.toMatchObject(unsupported);
    await expect(mounts.upper(mount.mountId)).rejects.toMatchObject(unsupported);
    // There is nothing to be kept.
    await mounts.unmount(mount.mountId, { keepUpper: true });
    expect(mounts.list()).toEqual([]);
    expect(existsSync(mount.target)).toBe(false);
  });

  it("whose target is gone is stale, and is put away", async () => {
    const graph = await newGraph(scratch);
    const mounts = openMounts(graph);
    const { mountId, target } = await mounts.mount({ id: await writeStack(graph, ["echo a > a"]), driver });
    await execa("rm", ["-r", target]);
    expect(mounts.find(mountId).state).toBe("stale");
    await mounts.unmount(mountId);
    expect(mounts.list()).toEqual([]);
  });

  it.each(["made", "there before"])(
    "that fails half way leaves nothing in a target that was %s",
    async (how) => {
      const graph = await newGraph(scratch);
      const id = await writeStack(graph, ["mkdir d; echo a > d/a", "echo b > b"]);
      const allowed = await scratch.fresh();
      const target = join(allowed, "target");
      if (how === "there before") mkdirSync(target);
      const mounts = openMounts(graph, { targets: [allowed] });
      const tar = await toolPath("tar");
      const failing = `case "$*" in *"-x "*) ${tar} "$@"; echo "tar: it broke" >&2; exit 2;; *) exec ${tar} "$@";; esac`;
      await withTools(scratch, { tar: failing }, async () => {
        await expect(mounts.mount({ id, driver, target })).rejects.toMatchObject({
          code: "INTERNAL",
          message: expect.stringContaining("it broke"),
        });
      });
      expect(mounts.list()).toEqual([]);
      if (how === "made") expect(readdirSync(allowed)).toEqual([]);
      else expect(readdirSync(target)).toEqual([]);
      await mounts.mount({ id, driver, target });
      expect(statSync(join(target, "d/a")).isFile()).toBe(true);
    },
  );
});
