import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Graph, makeRecord, openGraph } from "../../src/graph/index.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { addImage } from "../support/images/made-images.js";
import { removeImage } from "../support/images/remove-image.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

async function newGraph(): Promise<Graph> {
  return openGraph(await scratch.fresh(), { create: true });
}

describe("deleting an image", () => {
  it("removes it by a prefix, leaves nothing and answers its id", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "abcdef" }, { "not utf-8 \xff": "", "-rf": "" });
    expect(await removeImage(graph, "abc")).toBe("abcdef");
    expect(await readdir(graph.directory)).toEqual([":tmp:"]);
    expect(await readdir(join(graph.directory, ":tmp:"))).toEqual([]);
    await expect(removeImage(graph, "abcdef")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("is refused while the image has children, which are named", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "parent" });
    await addImage(graph, { id: "child", parent: "parent" });
    await expect(removeImage(graph, "parent")).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      message: "the image parent is the parent of child",
    });
    expect((await graph.get("parent")).id).toBe("parent");
    await removeImage(graph, "child");
    expect(await removeImage(graph, "parent")).toBe("parent");
  });

  it("is done in spite of children if it is forced", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "parent" });
    await addImage(graph, { id: "child", parent: "parent" });
    await removeImage(graph, "parent", { force: true });
    await expect(graph.history("child")).rejects.toMatchObject({ code: "PARENT_NOT_FOUND" });
  });

  it("works for a broken image", async () => {
    const graph = await newGraph();
    const { directory } = await addImage(graph, { id: "image" });
    rmSync(join(directory, "json"));
    expect(await removeImage(graph, "image")).toBe("image");
    expect(await graph.exists("image")).toBe(false);
  });

  it("does not follow a link out of the layer", async () => {
    const graph = await newGraph();
    const precious = await scratch.fresh();
    writeFileSync(join(precious, "file"), "");
    await graph.register({ record: makeRecord({ id: "image" }) }, async (layer) => {
      symlinkSync(precious, join(layer, "link"));
      return {};
    });
    await removeImage(graph, "image");
    expect(existsSync(join(precious, "file"))).toBe(true);
  });

  it("by two at once succeeds for one", async () => {
    const graph = await newGraph();
    const other = await openGraph(graph.root);
    await addImage(graph, { id: "image" }, { file: "" });
    const outcomes = await Promise.allSettled([removeImage(graph, "image"), removeImage(other, "image")]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "IMAGE_NOT_FOUND" });
    }
  });

  it("never leaves a child without its parent, whichever of the two comes first", async () => {
    const graph = await newGraph();
    for (let round = 0; round < 10; round++) {
      await addImage(graph, { id: "parent" });
      const [added, deleted] = await Promise.allSettled([
        addImage(graph, { id: "child", parent: "parent" }),
        removeImage(graph, "parent"),
      ]);
      expect([added.status, deleted.status].sort()).toEqual(["fulfilled", "rejected"]);
      if (await graph.exists("child")) await removeImage(graph, "child");
      if (await graph.exists("parent")) await removeImage(graph, "parent");
    }
  });

  it("drops it from Docker's dictionary and leaves the others there", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    const before = JSON.parse(readFileSync(join(root, "checksums"), "utf8"));
    const graph = await openGraph(root);
    await removeImage(graph, dockerImages.left);
    await graph.close();
    const { [dockerImages.left]: _, ...others } = before;
    expect(JSON.parse(readFileSync(join(root, "checksums"), "utf8"))).toEqual(others);
  });

  it("does not hand its checksum on to a new image of the same id", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    const graph = await openGraph(root);
    await removeImage(graph, dockerImages.left);
    const other = await openGraph(root);
    await addImage(other, { id: dockerImages.left });
    expect(await other.storedChecksums(dockerImages.left)).toEqual({});
    expect(await graph.storedChecksums(dockerImages.left)).toEqual({});
    await graph.close();
    await other.close();
    expect(JSON.parse(readFileSync(join(root, "checksums"), "utf8"))).not.toHaveProperty(dockerImages.left);
  });

  it("that is aborted beforehand deletes nothing", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "image" });
    await mkdir(join(graph.directory, "unrelated"));
    await expect(removeImage(graph, "image", {}, AbortSignal.abort())).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect(await graph.exists("image")).toBe(true);
  });
});
