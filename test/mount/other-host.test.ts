// A root that two hosts share: what each may say and do of the other's mounts. Here both are names of one kernel's, so
// that what one leaves alone is seen to be left alone.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../src/graph/index.js";
import { type Mounts, openMounts } from "../../src/mount/index.js";
import { deadOwner } from "../support/images/damaged-graph.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  useScratchMounts,
  writeStack,
} from "../support/mounts/scratch-mounts.js";

const scratch = useScratchMounts();
const driver = "overlay";

let graph: Graph;
let id: string;
let here: Mounts;
let there: Mounts;
beforeEach(async () => {
  const { root } = await newGraph(scratch);
  graph = await openGraph(root, { host: "here" });
  here = openMounts(graph);
  there = openMounts(await openGraph(root, { host: "there" }));
  id = await writeStack(graph, ["mkdir d; echo a > d/a", "mkdir d; touch d/.wh.a; echo b > d/b"]);
});

/** Makes a mount look as if its process had died in the middle, on a boot before. */
function interrupt(mountId: string, fields: object = {}): void {
  const path = join(graph.root, "mounts", mountId, "mount.json");
  const record = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...record, owner: deadOwner, ...fields }));
  rmSync(join(graph.root, "mounts", mountId, "mounted"));
}

const nothing = { adopted: [], undone: [], damaged: [] };

describe("a mount of another host", () => {
  it("is listed with its host, and what its kernel has is not guessed", async () => {
    const mount = await there.mount({ id, driver });
    expect(mount).toMatchObject({ host: "there", state: "mounted" });
    expect(here.list()).toEqual([{ ...mount, state: "elsewhere" }]);
    expect(here.find(mount.target)).toMatchObject({ mountId: mount.mountId, host: "there" });
    expect(() => here.find(mount.mountId, "here")).toThrow(/no mount .* on the host here/);
    await there.unmount(mount.mountId, { keepUpper: true });
    expect(here.list()).toMatchObject([{ host: "there", state: "unmounted" }]);
  });

  it("is neither unmounted here nor read, and the error names its host", async () => {
    const { mountId, target } = await there.mount({ id, driver });
    const refusal = {
      code: "NOT_MOUNTED",
      message: `the mount ${mountId} is on the host there, not on here`,
    };
    await expect(here.unmount(mountId)).rejects.toMatchObject(refusal);
    await expect(here.changes(mountId)).rejects.toMatchObject(refusal);
    await expect(here.upper(mountId)).rejects.toMatchObject(refusal);
    expect(mountsBelow(graph.root)).toEqual([target]);
    await there.unmount(mountId);
    expect(here.list()).toEqual([]);
  });

  it("keeps its image from being deleted here; by force it keeps what it needs", async () => {
    const { mountId, target } = await there.mount({ id, driver });
    await expect(here.deleteImage(id)).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      message: `the image ${id} is part of the mount ${mountId} of host there`,
    });
    const shown = await expectLayers(scratch, target, graph, id);
    await here.deleteImage(id, { force: true });
    expect(readdirSync(join(graph.root, "mounts/:aside:"))).not.toEqual([]);
    expect(await here.recover()).toEqual(nothing);
    expect(readFileSync(join(target, "d/b"), "utf8")).toBe("b\n");
    expect(shown.length).toBeGreaterThan(1);
    await there.unmount(mountId);
    expect(readdirSync(join(graph.root, "mounts/:aside:"))).toEqual([]);
  });

  it("that was interrupted is for its own host to end", async () => {
    const { mountId, target } = await there.mount({ id, driver, jobId: "job" });
    interrupt(mountId);
    expect(await here.recover()).toEqual(nothing);
    expect(await here.ofJob("job")).toBeUndefined();
    expect(mountsBelow(graph.root)).toEqual([target]);
    expect(await there.recover()).toEqual({ ...nothing, adopted: [mountId] });
    expect(await here.ofJob("job")).toMatchObject({ mountId, host: "there", state: "elsewhere" });
  });

  it("that was interrupted is taken back there once another host has done its job", async () => {
    const begun = await there.mount({ id, driver, jobId: "job" });
    interrupt(begun.mountId);
    const done = await here.mount({ id, driver, jobId: "job" });
    expect(await there.recover()).toEqual({ ...nothing, undone: [begun.mountId] });
    expect(mountsBelow(graph.root)).toEqual([done.target]);
    expect(await there.ofJob("job")).toMatchObject({ mountId: done.mountId, host: "here" });
  });

  it("has its target inside the root to itself", async () => {
    const target = join(graph.root, "mounts/web");
    const other = await there.mount({ id, driver, target });
    await there.unmount(other.mountId, { keepUpper: true });
    await here.mount({ id, driver, target });
    await expect(there.mount({ id, driver, target })).rejects.toMatchObject({ code: "ALREADY_MOUNTED" });
  });
});

it("A record that names no host is of whatever host reads it", async () => {
  const { mountId } = await there.mount({ id, driver });
  interrupt(mountId, { host: undefined });
  expect(here.list()).toMatchObject([{ mountId, host: "here", state: "mounted" }]);
  expect(await here.recover()).toEqual({ ...nothing, adopted: [mountId] });
  await here.unmount(mountId);
});

it("A view that one host has built serves the other", async () => {
  await there.mount({ id, driver });
  const built = readFileSync(join(graph.root, "views/:built:", id));
  const { target } = await here.mount({ id, driver });
  expect(readFileSync(join(graph.root, "views/:built:", id)).equals(built)).toBe(true);
  await expectLayers(scratch, target, graph, id);
});
