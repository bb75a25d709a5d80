// Graphs of any shape, for the properties of the picture's parts.
import fc from "fast-check";
import type { GraphNode } from "../../../../src/server/dashboard/app/picture/layout/forest.js";
import { chain, loners, randomTree, realistic, star } from "../../../support/images/graph-shapes.js";

/** What the parts of the picture must hold for beside what fast-check makes. */
export const largeShapes: readonly (readonly [string, readonly GraphNode[]])[] = [
  ["no image", []],
  ["a chain of 500", chain(500)],
  ["a star of 5,000", star(5_000)],
  ["a random tree of 3,000", randomTree(3_000)],
  ["a real graph of 3,000", realistic(3_000)],
  ["3,000 roots", loners(3_000)],
];

/** Images whose parents are any of them, themselves included, or none, or not there. */
export const anyGraph: fc.Arbitrary<readonly GraphNode[]> = fc
  .array(
    fc.record({
      parent: fc.oneof(
        { weight: 6, arbitrary: fc.nat(60) },
        { weight: 2, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.constantFrom(-1, -2) },
      ),
      age: fc.option(fc.nat(1_000_000)),
      comment: fc.option(fc.string({ maxLength: 12 })),
      id: fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: 1, maxLength: 6 }),
    }),
    { maxLength: 60 },
  )
  .map((made) => {
    const ids = made.map(({ id }, place) => `${id}${place.toString(36).padStart(2, "z")}`);
    return made.map(({ parent, age, comment }, place) => ({
      id: ids[place] ?? "",
      parent: parent === -1 ? null : parent === -2 ? "nobody" : (ids[parent] ?? null),
      created: age === null ? null : new Date(1_700_000_000_000 + age * 1_000).toISOString(),
      comment,
      layerBytes: age,
      checksums: [],
      mounts: 0,
    }));
  });
