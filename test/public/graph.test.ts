import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openGraph as openWholeGraph } from "../../src/graph/index.js";
import { openMounts } from "../../src/mount/index.js";
import { openGraph } from "../../src/public/graph.js";
import { addImage } from "../support/images/made-images.js";
import { expectLayers, newGraph, useScratchMounts, writeStack } from "../support/mounts/scratch-mounts.js";

const scratch = useScratchMounts();

it("the package's graph keeps an image that is part of a mount, and its ancestors", async () => {
  const whole = await newGraph(scratch);
  const id = await writeStack(whole, ["echo a > a; echo b > b", "touch .wh.b; echo c > c"]);
  const mounts = openMounts(whole);
  const { target, mountId } = await mounts.mount({ id, driver: "overlay" });
  const graph = await openGraph(whole.root);
  const inUse = { code: "IMAGE_IN_USE", message: expect.stringContaining(mountId) };
  await expect(graph.delete(id)).rejects.toMatchObject(inUse);
  await expect(graph.delete("layer-1")).rejects.toMatchObject(inUse);
  await expectLayers(scratch, target, whole, id);

  await mounts.unmount(mountId);
  expect(await graph.delete(id)).toBe(id);
  expect(await graph.delete("layer-1")).toBe("layer-1");
  expect(readdirSync(join(whole.root, "views")).filter((name) => !name.startsWith(":"))).toEqual([]);
});

it("a mount keeps what it shows when its image is deleted by force", async () => {
  const whole = await newGraph(scratch);
  const id = await writeStack(whole, ["echo a > a; echo b > b", "touch .wh.b; echo c > c"]);
  const { target } = await openMounts(whole).mount({ id, driver: "overlay" });
  const graph = await openGraph(whole.root);
  await graph.delete(id, { force: true });
  await graph.delete("layer-1", { force: true });
  expect(await graph.exists(id)).toBe(false);
  expect(readdirSync(target).sort()).toEqual(["a", "c"]);
});

it("the package's graph has no other way to take an image out", async () => {
  const root = await scratch.fresh();
  const graph = await openGraph(root, { create: true });
  const whole = await openWholeGraph(root);
  const offered = Object.keys(graph);
  const withheld = Object.keys(whole).filter((name) => !offered.includes(name));
  expect(withheld.sort()).toEqual(["takeOut", "takeOutUnneeded"]);
  expect(offered.filter((name) => !(name in whole))).toEqual(["delete"]);
});

it("the package's graph deletes by a prefix, children first, and is refused where nothing is", async () => {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  await addImage(graph, { id: "abcdef" });
  await addImage(graph, { id: "child", parent: "abcdef" });
  await expect(graph.delete("abc")).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
  await graph.delete("child");
  expect(await graph.delete("abc")).toBe("abcdef");
  await expect(graph.delete("abcdef")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  await expect(graph.delete("abc", {}, AbortSignal.abort())).rejects.toMatchObject({
    code: "IMAGE_NOT_FOUND",
  });
  expect(existsSync(join(graph.directory, "abcdef"))).toBe(false);
});
