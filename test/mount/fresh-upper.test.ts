// The upper of a mount: fresh, with the attributes of the image's root, whether it lay ready or was made for it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeEach, describe, expect, it } from "vitest";
import type { Graph } from "../../src/graph/index.js";
import { makeUpperReady } from "../../src/mount/fresh-upper.js";
import { type Mounts, openMounts } from "../../src/mount/index.js";
import { newGraph, useScratchMounts, writeStack } from "../support/mounts/scratch-mounts.js";
import { listTree } from "../support/trees/tree-listing.js";

const scratch = useScratchMounts();
let graph: Graph;
let id: string;
let mounts: Mounts;
beforeEach(async () => {
  graph = await newGraph(scratch);
  id = await writeStack(graph, [
    "echo a > a",
    "touch .wh.a; chmod 2751 .; chown 11:22 .; setfattr -n user.root -v yes .; touch -d '2013-05-02 15:18:33.123456789' .",
  ]);
  mounts = openMounts(graph);
});

/** The line of the layer's own root. */
async function rootOfLayer(): Promise<string | undefined> {
  return (await listTree((await graph.layers(id))[0] ?? ""))[0];
}

const ready = () => readdirSync(join(graph.root, "views/:uppers:"));

describe("the root of a mount", () => {
  it("has the attributes of the layer's, the first time and each time after", async () => {
    const expected = await rootOfLayer();
    for (let turn = 0; turn < 3; turn++) {
      const { mountId, target } = await mounts.mount({ id });
      expect((await listTree(target))[0]).toBe(expected);
      await execa("bash", ["-euc", "echo x > x; chmod 700 .; setfattr -x user.root ."], { cwd: target });
      await mounts.unmount(mountId);
      expect(ready()).toHaveLength(1);
    }
  });

  it("has them though two are mounted at once, and only one upper lay ready", async () => {
    await mounts.unmount((await mounts.mount({ id })).mountId);
    const both = await Promise.all([mounts.mount({ id }), mounts.mount({ id })]);
    for (const { target } of both) expect(await listTree(target)).toEqual([await rootOfLayer()]);
    expect(ready()).toEqual([]);
  });

  it("follows the layer's, if those were changed by hand since", async () => {
    await mounts.unmount((await mounts.mount({ id })).mountId);
    await execa("bash", ["-euc", "chmod 700 .; chown 0:0 ."], { cwd: (await graph.layers(id))[0] ?? "" });
    const { mountId, target } = await mounts.mount({ id });
    expect((await listTree(target))[0]).toBe(await rootOfLayer());
    await mounts.unmount(mountId);
    expect(ready()).toHaveLength(1);
  });
});

it("what lies ready goes with its image", async () => {
  await mounts.unmount((await mounts.mount({ id })).mountId);
  expect(ready()).toHaveLength(1);
  await mounts.deleteImage(id);
  expect(ready()).toEqual([]);
});

it("one that could not be made ready leaves nothing in staging", async () => {
  const notADirectory = join((await graph.layers(id))[1] ?? "", "a");
  await makeUpperReady(graph, id, notADirectory);
  expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  expect(ready()).toEqual([]);
});
