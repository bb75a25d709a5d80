import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { addImage } from "../support/images/made-images.js";
import { removeImage } from "../support/images/remove-image.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

async function chain(length: number) {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  for (let n = 0; n < length; n++) {
    await addImage(graph, { id: `i${n}`, ...(n === 0 ? {} : { parent: `i${n - 1}` }) });
  }
  return graph;
}

describe("a history", () => {
  it("leads from an image to the root of its tree", async () => {
    const graph = await chain(4);
    expect((await graph.history("i3")).map(({ id }) => id)).toEqual(["i3", "i2", "i1", "i0"]);
    expect(await graph.layers("i1")).toEqual([
      join(graph.directory, "i1/layer"),
      join(graph.directory, "i0/layer"),
    ]);
  });

  it("with a missing parent names it and its child", async () => {
    const graph = await chain(4);
    await removeImage(graph, "i1", { force: true });
    await expect(graph.history("i3")).rejects.toMatchObject({
      code: "PARENT_NOT_FOUND",
      message: "the parent i1 of the image i2 is not in the graph",
    });
  });

  it("with a broken parent is refused", async () => {
    const graph = await chain(3);
    writeFileSync(join(graph.directory, "i1/json"), "");
    await expect(graph.layers("i2")).rejects.toMatchObject({
      code: "IMAGE_BROKEN",
      message: expect.stringMatching(/image i1 is broken/),
    });
  });

  it("that goes round in a circle names those in it", async () => {
    const graph = await chain(4);
    writeFileSync(join(graph.directory, "i0/json"), '{"id":"i0","parent":"i2"}');
    await expect(graph.history("i3")).rejects.toMatchObject({
      code: "PARENT_CYCLE",
      message: "images are their own ancestors: i2 <- i1 <- i0 <- i2",
    });
  });

  it("of an image that is its own parent is refused", async () => {
    const graph = await chain(1);
    writeFileSync(join(graph.directory, "i0/json"), '{"id":"i0","parent":"i0"}');
    await expect(graph.history("i0")).rejects.toMatchObject({ code: "PARENT_CYCLE" });
  });

  it("of a long circle is refused by a short message", async () => {
    const graph = await chain(14);
    writeFileSync(join(graph.directory, "i0/json"), '{"id":"i0","parent":"i13"}');
    await expect(graph.history("i13")).rejects.toMatchObject({
      message: expect.stringMatching(/i13 <- i12 .* 5 more <- i13$/),
    });
  });
});
