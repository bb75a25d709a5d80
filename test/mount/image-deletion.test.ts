import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeEach, describe, expect, it } from "vitest";
import type { Graph } from "../../src/graph/index.js";
import { type Mounts, openMounts } from "../../src/mount/index.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  shownTree,
  toolPath,
  useScratchMounts,
  withTools,
  writeImage,
  writeStack,
} from "../support/mounts/scratch-mounts.js";
import { applyLayers } from "../support/trees/apply-layers.js";

const scratch = useScratchMounts();
const driver = "overlay";

const scripts = [
  "mkdir -p d/e; echo a > d/a; echo b > d/e/b; echo c > c",
  "mkdir d; touch d/.wh.a .wh.c; echo n > d/n",
  "mkdir d; echo top > d/top",
];

let graph: Graph;
let id: string;
let mounts: Mounts;
beforeEach(async () => {
  graph = await newGraph(scratch);
  id = await writeStack(graph, scripts);
  mounts = openMounts(graph);
});

/** What the image shows, as the oracle makes it. */
async function expectedTree(of = id): Promise<string[]> {
  const oracle = await scratch.fresh();
  await applyLayers((await graph.layers(of)).reverse(), oracle);
  return shownTree(oracle);
}

/** Asserts that neither images nor mounts nor anything set aside for them takes space. */
function expectEmpty() {
  expect(readdirSync(graph.directory)).toEqual([":tmp:"]);
  expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  expect(readdirSync(join(graph.root, "mounts")).filter((name) => name !== ":aside:")).toEqual([]);
  const aside = join(graph.root, "mounts/:aside:");
  expect(existsSync(aside) ? readdirSync(aside) : []).toEqual([]);
  expect(readdirSync(join(graph.root, "views")).filter((name) => !name.startsWith(":"))).toEqual([]);
  expect(mountsBelow(graph.root)).toEqual([]);
}

describe("deleting an image", () => {
  it("removes it with its view, and answers its id", async () => {
    await mounts.unmount((await mounts.mount({ id, driver })).mountId);
    for (const each of [id, "layer-2", "layer-1"]) expect(await mounts.deleteImage(each)).toBe(each);
    expectEmpty();
    await expect(mounts.deleteImage(id)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("is refused while it has children, which are named", async () => {
    await expect(mounts.deleteImage("layer-2")).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      message: "the image layer-2 is the parent of layer-3",
    });
  });

  it.each(["overlay", "fuse-overlayfs", "copy"] as const)(
    "is refused while a mount by %s has it",
    async (each) => {
      const { mountId } = await mounts.mount({ id, driver: each });
      for (const image of [id, "layer-1"]) {
        await expect(mounts.deleteImage(image)).rejects.toMatchObject({
          code: "IMAGE_IN_USE",
          message: `the image ${image} is part of the mount ${mountId}`,
        });
      }
      await mounts.unmount(mountId);
      expect(await mounts.deleteImage(id)).toBe(id);
    },
  );

  it("is refused while its changes are still wanted: of a mount that was kept, or that went", async () => {
    const kept = await mounts.mount({ id, driver });
    const stale = await mounts.mount({ id, driver });
    await mounts.unmount(kept.mountId, { keepUpper: true });
    await execa("umount", [stale.target]);
    const both = [kept.mountId, stale.mountId].sort().join(", ");
    await expect(mounts.deleteImage(id)).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      message: `the image ${id} is part of the mount ${both}`,
    });
    for (const { mountId } of [kept, stale]) await mounts.unmount(mountId);
    await mounts.deleteImage(id);
  });

  it("is not done under a mount whose record is damaged", async () => {
    const expected = await expectedTree();
    const { mountId, target } = await mounts.mount({ id, driver });
    writeFileSync(join(graph.root, "mounts", mountId, "mount.json"), "{");
    await mounts.deleteImage(id).catch(() => undefined);
    expect(await shownTree(target)).toEqual(expected);
  });
});

describe("deleting an image by force", () => {
  it.each(["overlay", "fuse-overlayfs"] as const)(
    "leaves a mount by %s that lives all its files, until it ends",
    async (each) => {
      const expected = await expectedTree();
      const { mountId, target } = await mounts.mount({ id, driver: each });
      for (const image of ["layer-1", "layer-2", "layer-3"]) {
        expect(await mounts.deleteImage(image, { force: true })).toBe(image);
        expect(await graph.exists(image)).toBe(false);
      }
      expect(await shownTree(target)).toEqual(expected);
      await execa("bash", ["-euc", "echo more >> d/e/b; rm d/n; echo x > x"], { cwd: target });
      const changes = (await mounts.changes(mountId)).map(({ kind, path }) => `${kind} ${path}`);
      // Under fuse-overlayfs a directory has changed once a file in it was copied up.
      expect(changes.filter((line) => each === "overlay" || line !== "modify /d/e")).toEqual([
        ...["modify /d", "modify /d/e/b", "delete /d/n", "add /x"],
      ]);
      await mounts.unmount(mountId);
      expectEmpty();
    },
  );

  it("removes it at once where no mount lives, be there a copy or an upper that was kept", async () => {
    const expected = await expectedTree();
    const copy = await mounts.mount({ id, driver: "copy" });
    const kept = await mounts.mount({ id, driver });
    await mounts.unmount(kept.mountId, { keepUpper: true });
    for (const image of ["layer-1", "layer-2", "layer-3"]) await mounts.deleteImage(image, { force: true });
    expect(readdirSync(graph.directory)).toEqual([":tmp:"]);
    expect(await shownTree(copy.target)).toEqual(expected);
    for (const { mountId } of [copy, kept]) await mounts.unmount(mountId);
    expectEmpty();
  });

  it("keeps what it needs of one that two mounts have until both have ended", async () => {
    const [one, other] = [await mounts.mount({ id, driver }), await mounts.mount({ id: "layer-2", driver })];
    const ofOther = await expectedTree("layer-2");
    await mounts.deleteImage("layer-1", { force: true });
    await mounts.unmount(one.mountId);
    expect(await shownTree(other.target)).toEqual(ofOther);
    await mounts.unmount(other.mountId);
    expect(readdirSync(join(graph.root, "mounts/:aside:"))).toEqual([]);
  });

  it("keeps it for the changes of a mount whose upper was kept", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    await mounts.deleteImage("layer-1", { force: true });
    await execa("bash", ["-euc", "echo x > x"], { cwd: target });
    await mounts.unmount(mountId, { keepUpper: true });
    await mounts.recover();
    expect(await mounts.changes(mountId)).toEqual([{ kind: "add", path: "/x" }]);
    await mounts.unmount(mountId);
    expect(readdirSync(join(graph.root, "mounts/:aside:"))).toEqual([]);
  });

  it("does not mix a new image of its id with the old one that is still mounted", async () => {
    const old = await mounts.mount({ id: "layer-1", driver });
    await mounts.deleteImage("layer-1", { force: true });
    await writeImage(graph, { id: "layer-1" }, "echo new > brand-new; touch .wh.nothing");
    const fresh = await mounts.mount({ id: "layer-1", driver });
    await expectLayers(scratch, fresh.target, graph, "layer-1");
    await execa("bash", ["-euc", "echo more >> brand-new; echo 1 > c"], { cwd: fresh.target });
    await execa("bash", ["-euc", "echo more >> c; echo 1 > brand-new"], { cwd: old.target });
    expect(await mounts.changes(old.mountId)).toEqual([
      { kind: "add", path: "/brand-new" },
      { kind: "modify", path: "/c" },
    ]);
    expect(await mounts.changes(fresh.mountId)).toEqual([
      { kind: "modify", path: "/brand-new" },
      { kind: "add", path: "/c" },
    ]);
  });

  it("does not take the layers from a mount that is being made just then", async () => {
    const expected = await expectedTree();
    const directory = await scratch.fresh();
    const [go, mounted] = [join(directory, "go"), join(directory, "mounted")];
    await execa("mkfifo", [go, mounted]);
    const [mount, flock] = [await toolPath("mount"), await toolPath("flock")];
    // The mount comes about when the deletion, which has looked at the mounts by then, locks the image.
    const tools = {
      mount: `echo > '${mounted}.ready'; read _ < '${go}'; ${mount} "$@"; code=$?; echo > '${mounted}'; exit $code`,
      flock: `case "$*" in *"${graph.directory}/${id}/."*) echo > '${go}'; read _ < '${mounted}';; esac; exec ${flock} "$@"`,
    };
    await execa("mkfifo", [`${mounted}.ready`]);
    await withTools(scratch, tools, async () => {
      const mounting = mounts.mount({ id, driver });
      mounting.catch(() => undefined);
      await execa("cat", [`${mounted}.ready`]);
      await mounts.deleteImage(id, { force: true });
      const made = await mounting.catch(() => undefined);
      if (made !== undefined) expect(await shownTree(made.target)).toEqual(expected);
      else expect(mountsBelow(graph.root)).toEqual([]);
    });
  });
});

describe("a mount and a deletion at the same time", () => {
  it("never come about both, and no mount lacks a layer", async () => {
    let expected = await expectedTree();
    for (let round = 0; round < 15; round++) {
      const [mounted, deleted] = await Promise.allSettled([
        mounts.mount({ id, driver }),
        openMounts(graph).deleteImage(id),
      ]);
      expect([mounted.status, deleted.status].sort()).toEqual(["fulfilled", "rejected"]);
      if (mounted.status === "fulfilled") {
        expect(await shownTree(mounted.value.target)).toEqual(expected);
        await mounts.unmount(mounted.value.mountId);
      } else {
        expect(mounted.reason.code).toMatch(/^IMAGE_(NOT_FOUND|BROKEN)$/);
        await writeImage(graph, { id, parent: "layer-2" }, scripts[2]);
        expected = await expectedTree();
      }
      expect([mounts.list(), mountsBelow(graph.root)]).toEqual([[], []]);
    }
  });

  it("by force break no mount that comes about", async () => {
    for (let round = 0; round < 15; round++) {
      const expected = await expectedTree();
      const [mounted, deleted] = await Promise.allSettled([
        mounts.mount({ id, driver }),
        openMounts(graph).deleteImage("layer-2", { force: true }),
      ]);
      expect(deleted.status).toBe("fulfilled");
      if (mounted.status === "fulfilled") {
        expect(await shownTree(mounted.value.target)).toEqual(expected);
        await mounts.unmount(mounted.value.mountId);
      }
      expect([mounts.list(), mountsBelow(graph.root)]).toEqual([[], []]);
      await writeImage(graph, { id: "layer-2", parent: "layer-1" }, scripts[1]);
    }
  });
});
