import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { titleOf } from "../../../../src/server/dashboard/app/picture/describe.js";
import { layOutToFill } from "../../../../src/server/dashboard/app/picture/layout/best-layout.js";
import { plantForest } from "../../../../src/server/dashboard/app/picture/layout/forest.js";
import { layOut } from "../../../../src/server/dashboard/app/picture/layout/layout.js";
import { readLink, writeLink } from "../../../../src/server/dashboard/app/picture/link.js";
import { indexSearch } from "../../../../src/server/dashboard/app/picture/search.js";
import { realistic } from "../../../support/images/graph-shapes.js";
import { anyGraph, largeShapes } from "./shapes.js";

const read = (link: string) => readLink(new URLSearchParams(link));

describe("a link to the picture", () => {
  it("says the same when it is read and written again", () => {
    const view = fc.record({
      x: fc.integer({ min: -100_000, max: 100_000 }),
      y: fc.integer({ min: -100_000, max: 100_000 }),
      k: fc.constantFrom(0.01234, 0.9, 2.5),
      shape: fc.constantFrom(0.4, 1.6, 2.345),
    });
    const link = fc.record({
      selected: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      view: fc.option(view, { nil: undefined }),
      search: fc.string(),
    });
    fc.assert(fc.property(link, (any) => void expect(read(writeLink(any))).toEqual(any)));
  });

  it("has no view where a part of it is missing or no number, and nothing to say of the whole graph", () => {
    for (const query of ["", "?x=1&y=2&k=1", "?x=a&y=2&k=1&shape=1", "?x=1&y=2&k=0&shape=1"]) {
      expect(read(query)).toEqual({ selected: undefined, view: undefined, search: "" });
    }
    expect(writeLink({ search: "" })).toBe("");
  });
});

describe("what a link selects", () => {
  const nodes = realistic(50).map((node, at) =>
    at === 7 ? { ...node, names: ["web:1.2", "web:latest"] } : node,
  );
  const { resolve } = indexSearch(plantForest(nodes));

  it("is an image by its id, a name, or the beginning of its id alone", () => {
    const id = nodes[7]?.id ?? "";
    for (const reference of [id, "web:1.2", "web:latest", id.slice(0, 12), id.slice(0, 12).toUpperCase()]) {
      expect(resolve(reference)).toBe(7);
    }
    for (const reference of ["web", "", "nobody"]) expect(resolve(reference)).toBe(-1);
  });
});

describe("what an image is called", () => {
  const node = {
    id: "8dbd9e392a964056",
    parent: null,
    created: null,
    layerBytes: 1,
    checksums: [],
    mounts: 0,
  };
  it.each([
    [{ names: ["web:1", "web:2"], comment: "base" }, "web:1"],
    [{ names: [], comment: "base\nof all" }, "base"],
    [{ names: [], comment: "  " }, "8dbd9e392a96"],
    [{ comment: null }, "8dbd9e392a96"],
  ])("%j: %s", (told, title) => expect(titleOf({ ...node, ...told })).toBe(title));
});

describe("the layout that fills a window", () => {
  const scale = ({ width, height }: { width: number; height: number }, aspect: number) =>
    Math.min(aspect / Math.max(1, width), 1 / Math.max(1, height));

  it.each(largeShapes)(
    "is shown no smaller than the plain one, and is made again by its own shape: %s",
    (_, nodes) => {
      const forest = plantForest(nodes);
      for (const aspect of [0.5, 1.2, 2]) {
        const filling = layOutToFill(forest, aspect);
        expect(scale(filling, aspect)).toBeGreaterThanOrEqual(scale(layOut(forest, aspect), aspect));
        const again = layOut(forest, Number(filling.aspect.toFixed(3)));
        expect([again.width, again.height]).toEqual([filling.width, filling.height]);
      }
    },
  );

  it("is the same for the same images", () => {
    fc.assert(
      fc.property(anyGraph, (nodes) => {
        const [one, other] = [plantForest(nodes), plantForest(nodes)].map((forest) =>
          layOutToFill(forest, 1.5),
        );
        expect(one?.x).toEqual(other?.x);
        expect(one?.y).toEqual(other?.y);
      }),
      { numRuns: 50 },
    );
  });
});
