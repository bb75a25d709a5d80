import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plantForest } from "../../../../src/server/dashboard/app/picture/layout/forest.js";
import { indexSearch } from "../../../../src/server/dashboard/app/picture/search.js";
import { realistic } from "../../../support/images/graph-shapes.js";
import { anyGraph } from "./shapes.js";

describe("the search", () => {
  it("finds what a look at every image finds", () => {
    const query = fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEFz "), maxLength: 4 }),
    );
    fc.assert(
      fc.property(anyGraph, query, (nodes, asked) => {
        const words = asked
          .toLowerCase()
          .split(/\s+/)
          .filter((word) => word !== "");
        const wanted = nodes.flatMap(({ id, comment }, index) => {
          if (words.length === 0) return [];
          const isPrefix = words.length === 1 && id.toLowerCase().startsWith(words[0] ?? "");
          const text = comment?.toLowerCase() ?? "";
          return isPrefix || (text !== "" && words.every((word) => text.includes(word))) ? [index] : [];
        });
        const found = [...indexSearch(plantForest(nodes)).find(asked)];
        expect([...found].sort((a, b) => a - b)).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  it("names those first whose id begins so, in the order of their ids", () => {
    const node = realistic(1)[0];
    const nodes = [
      ["f0", "a word"],
      ["ab", null],
      ["a1", null],
      ["e0", "a"],
    ].map(([id, comment]) => ({ ...node, id, comment, parent: null }) as typeof node & object);
    expect([...indexSearch(plantForest(nodes)).find("A")]).toEqual([2, 1, 3, 0]);
  });

  it("finds images by words of their names", () => {
    const nodes = realistic(3).map((node, at) =>
      at === 1 ? { ...node, comment: "base", names: ["example.com/Team/web:1.2", "web:latest"] } : node,
    );
    for (const asked of ["team/WEB:1", "web:latest base"]) {
      expect([...indexSearch(plantForest(nodes)).find(asked)]).toEqual([1]);
    }
  });

  it("finds one of 10,000 by its whole id and by twelve figures of it", () => {
    const nodes = realistic(10_000);
    const search = indexSearch(plantForest(nodes));
    expect([...search.find(nodes[7_777]?.id ?? "")]).toEqual([7_777]);
    expect([...search.find(nodes[7_777]?.id.slice(0, 12) ?? "")]).toEqual([7_777]);
    expect(search.find("  ")).toHaveLength(0);
  });
});
