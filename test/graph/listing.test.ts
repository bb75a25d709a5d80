import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../src/graph/index.js";
import { collect } from "../support/collect.js";
import { addImage } from "../support/images/made-images.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** A graph of many images, each made by hand in the way Docker lays them out. */
async function graphOf(count: number): Promise<Graph> {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  for (let n = 0; n < count; n++) {
    const id = `image-${String(n).padStart(4, "0")}`;
    const parent = n === 0 ? undefined : "image-0000";
    mkdirSync(join(graph.directory, id, "layer"), { recursive: true });
    writeFileSync(join(graph.directory, id, "json"), JSON.stringify({ id, parent }));
  }
  return graph;
}

describe("a listing", () => {
  it("yields many images in the order of their ids", async () => {
    const graph = await graphOf(200);
    const listed = await collect(graph.list());
    const ids = listed.map(({ image }) => image?.id);
    expect(ids).toHaveLength(200);
    expect(ids).toEqual([...ids].sort());
    expect((await graph.heads()).length).toBe(199);
    expect(await graph.children("image-0000")).toHaveLength(199);
  });

  it("reports each broken image among the others, with the reason", async () => {
    const graph = await graphOf(3);
    rmSync(join(graph.directory, "image-0001/json"));
    const listed = await collect(graph.list());
    expect(listed.map(({ image, broken }) => image?.id ?? broken?.code)).toEqual([
      "image-0000",
      "IMAGE_BROKEN",
      "image-0002",
    ]);
    expect(listed[1]?.broken).toMatchObject({ id: "image-0001", message: expect.stringMatching(/no json/) });
  });

  it("reports names that are no ids and stray files, but not staging", async () => {
    const graph = await graphOf(1);
    mkdirSync(join(graph.directory, ":tmp:"));
    mkdirSync(join(graph.directory, ":garbage:"));
    writeFileSync(join(graph.directory, "README"), "");
    writeFileSync(Buffer.from(`${graph.directory}/\xff\n`, "latin1"), "");
    const listed = await collect(graph.list());
    expect(listed.map(({ image, broken }) => [image?.id ?? broken?.id, broken?.code])).toEqual([
      [":garbage:", "INVALID_ID"],
      ["README", "IMAGE_BROKEN"],
      ["image-0000", undefined],
      ["\xff\n", "INVALID_ID"],
    ]);
    for (const { broken } of listed)
      if (broken !== undefined) expect(broken.message).toMatch(/^[\x20-\x7e]+$/);
  });

  it("counts an image without a layer as a child, for its record still names its parent", async () => {
    const graph = await graphOf(2);
    rmSync(join(graph.directory, "image-0001/layer"), { recursive: true });
    expect(await graph.children("image-0000")).toEqual(["image-0001"]);
  });

  it("may be left before its end", async () => {
    const graph = await graphOf(50);
    for await (const { image } of graph.list()) {
      expect(image?.id).toBe("image-0000");
      break;
    }
  });

  it("ends when it is aborted", async () => {
    const graph = await graphOf(50);
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of graph.list(abort.signal)) abort.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("has as heads the images that are nobody's parent, and only those", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    await addImage(graph, { id: "z" });
    await addImage(graph, { id: "y", parent: "z" });
    await addImage(graph, { id: "x", parent: "y" });
    await addImage(graph, { id: "alone" });
    expect((await graph.heads()).map(({ id }) => id)).toEqual(["alone", "x"]);
  });
});
