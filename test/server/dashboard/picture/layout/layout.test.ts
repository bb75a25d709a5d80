import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathTo, piecesOf } from "../../../../../src/server/dashboard/app/picture/edges.js";
import {
  type GraphNode,
  historyOf,
  plantForest,
} from "../../../../../src/server/dashboard/app/picture/layout/forest.js";
import { card, type Layout, layOut } from "../../../../../src/server/dashboard/app/picture/layout/layout.js";
import { chain, randomTree, realistic, star } from "../../../../support/images/graph-shapes.js";
import { anyGraph, largeShapes } from "../shapes.js";

/** Holds a layout to what all layouts promise. */
function expectSound(layout: Layout): void {
  const { forest, x, y, width, height } = layout;
  const count = forest.nodes.length;
  const squares = new Map<string, number[]>();
  for (let index = 0; index < count; index++) {
    const [left = NaN, top = NaN] = [x[index], y[index]];
    // Within the whole, and each card beside or below its parent's.
    if (!(left >= 0 && top >= 0 && left + card.w <= width + 1e-6 && top + card.h <= height + 1e-6)) {
      expect.fail(`${index} stands outside at ${left}, ${top} of ${width}, ${height}`);
    }
    const parent = forest.parent[index] ?? -1;
    const isBeside = left >= (x[parent] ?? 0) + card.w;
    const isBelow = top >= (y[parent] ?? 0) + card.h;
    if (parent !== -1 && !isBeside && !isBelow)
      expect.fail(`${index} is neither right of ${parent} nor below it`);
    // No two cards overlap: those that could have their corners in neighbouring squares.
    const [column, row] = [Math.floor(left / card.w), Math.floor(top / card.h)];
    for (let at = 0; at < 9; at++) {
      const key = `${column - 1 + (at % 3)} ${row - 1 + Math.floor(at / 3)}`;
      for (const other of squares.get(key) ?? []) {
        const [otherLeft = NaN, otherTop = NaN] = [x[other], y[other]];
        if (Math.abs(otherLeft - left) < card.w - 1e-6 && Math.abs(otherTop - top) < card.h - 1e-6) {
          expect.fail(`${index} and ${other} overlap at ${left}, ${top}`);
        }
      }
    }
    const key = `${column} ${row}`;
    squares.set(key, [...(squares.get(key) ?? []), index]);
  }
}

describe("the forest", () => {
  it("holds every image once, parents before children, whatever the parents are", () => {
    fc.assert(
      fc.property(anyGraph, (nodes) => {
        const forest = plantForest(nodes);
        expect([...forest.order].sort((a, b) => a - b)).toEqual([...nodes.keys()]);
        const placeOf = new Map([...forest.order].map((index, place) => [index, place]));
        for (const index of nodes.keys()) {
          const parent = forest.parent[index] ?? -1;
          if (parent === -1) expect(forest.roots).toContain(index);
          else {
            expect(nodes[parent]?.id).toBe(nodes[index]?.parent);
            expect(placeOf.get(parent)).toBeLessThan(placeOf.get(index) ?? -1);
            expect(forest.children[parent]).toContain(index);
          }
          const named = nodes[index]?.parent ?? null;
          expect(forest.orphans.has(index)).toBe(parent === -1 && named !== null);
        }
      }),
    );
  });

  it("cuts a cycle in one place and tells of it", () => {
    const nodes = ["a", "b", "c", "below"].map((id, place) => ({
      ...(chain(1)[0] as GraphNode),
      ...{ id, parent: ["c", "a", "b", "b"][place] ?? null },
    }));
    const forest = plantForest(nodes);
    expect([...forest.orphans]).toEqual([[0, "cycle"]]);
    expect([...forest.roots]).toEqual([0]);
    expect(forest.weight[0]).toBe(4);
  });

  it("counts how many images are below each", () => {
    const forest = plantForest(realistic(2_000));
    const weight = new Int32Array(forest.nodes.length);
    for (const index of forest.nodes.keys()) {
      for (const above of historyOf(forest, index)) weight[above] = (weight[above] ?? 0) + 1;
    }
    expect(forest.weight).toEqual(weight);
  });
});

describe("the layout", () => {
  it("overlaps no cards, and puts children right of their parents or below them", () => {
    fc.assert(
      fc.property(anyGraph, fc.double({ min: 0.5, max: 2.4, noNaN: true }), (nodes, aspect) =>
        expectSound(layOut(plantForest(nodes), aspect)),
      ),
    );
  });

  it.each(largeShapes)("does so for %s", (_, nodes) => {
    for (const aspect of [0.5, 1.6]) expectSound(layOut(plantForest(nodes), aspect));
  });

  it.each(largeShapes.filter(([, nodes]) => nodes.length > 0))(
    "gives %s about the shape of the window",
    (_, nodes) => {
      const { width, height } = layOut(plantForest(nodes), 1.6);
      expect(width / height).toBeGreaterThan(1.6 / 2);
      expect(width / height).toBeLessThan(1.6 * 2);
    },
  );

  it("takes a history of 100,000 images", () => {
    const { width, height } = layOut(plantForest(chain(100_000)), 1.6);
    expect(width / height).toBeGreaterThan(1);
    expect(width / height).toBeLessThan(2.5);
  });

  it("is the same whatever order the images come in", () => {
    fc.assert(
      fc.property(anyGraph, (nodes) => {
        const distinct = nodes.filter(({ parent }) => parent !== "nobody");
        const places = (list: readonly GraphNode[]) => {
          const { x, y, forest } = layOut(plantForest(list));
          return new Map(forest.nodes.map(({ id }, index) => [id, `${x[index]} ${y[index]}`]));
        };
        expect(places([...distinct].reverse())).toEqual(places(distinct));
      }),
    );
  });

  it("keeps the order of siblings when an image is added below none of them", () => {
    fc.assert(
      fc.property(anyGraph, fc.nat(), (nodes, choice) => {
        const before = plantForest(nodes);
        const under = nodes[choice % Math.max(1, nodes.length)];
        const added: GraphNode = { ...(chain(1)[0] as GraphNode), id: "new", parent: under?.id ?? null };
        const after = plantForest([...nodes, added]);
        const lifted = new Set(
          under === undefined ? [] : historyOf(before, before.indexOf.get(under.id) ?? 0),
        );
        for (const index of nodes.keys()) {
          const rest = (children: Int32Array | undefined) =>
            [...(children ?? [])].filter((child) => child < nodes.length && !lifted.has(child));
          expect(rest(after.children[index])).toEqual(rest(before.children[index]));
        }
      }),
    );
  });

  it("frames many children without children of their own, and not few", () => {
    expect(layOut(plantForest(star(8))).groups).toEqual([]);
    const layout = layOut(plantForest(star(5_000)));
    expect(layout.groups).toHaveLength(1);
    const [group] = layout.groups;
    expect(group?.members).toHaveLength(4_999);
    for (const member of group?.members ?? []) {
      expect(layout.x[member]).toBeGreaterThanOrEqual(group?.x ?? NaN);
      expect((layout.y[member] ?? NaN) + card.h).toBeLessThanOrEqual((group?.y ?? NaN) + (group?.h ?? NaN));
    }
  });
});

describe("the lines", () => {
  it("lead from the parent's card to the image's or its frame, with right angles", () => {
    fc.assert(
      fc.property(anyGraph, (nodes) => {
        const layout = layOut(plantForest(nodes));
        for (const index of nodes.keys()) expectLine(layout, index);
      }),
    );
    for (const [, nodes] of largeShapes) {
      const layout = layOut(plantForest(nodes));
      for (const index of nodes.keys()) expectLine(layout, index);
    }
  });

  it("cross no card", () => {
    fc.assert(fc.property(anyGraph, (nodes) => expectNoCrossing(layOut(plantForest(nodes)))));
    // Lines that break into rows need more images than those have.
    for (const nodes of [chain(60), star(60), randomTree(400), realistic(400)]) {
      for (const aspect of [0.5, 1.6]) expectNoCrossing(layOut(plantForest(nodes), aspect));
    }
  });

  it("cover as pieces what they cover as paths", () => {
    fc.assert(
      fc.property(anyGraph, (nodes) => {
        const layout = layOut(plantForest(nodes));
        const covered = new Set<string>();
        const pieces = piecesOf(layout);
        for (let at = 0; at < pieces.length; at += 4) addPoints(covered, pieces.subarray(at, at + 4));
        const wanted = new Set<string>();
        for (const index of nodes.keys()) addPoints(wanted, pathTo(layout, index));
        expect(covered).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });
});

function expectNoCrossing(layout: Layout): void {
  const pieces = piecesOf(layout);
  for (let at = 0; at < pieces.length; at += 4) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = pieces.subarray(at, at + 4);
    const [left, right, top, bottom] = [
      Math.min(x1, x2),
      Math.max(x1, x2),
      Math.min(y1, y2),
      Math.max(y1, y2),
    ];
    for (const index of layout.x.keys()) {
      const cardLeft = layout.x[index] ?? 0;
      const cardTop = layout.y[index] ?? 0;
      const isBeside = right <= cardLeft || left >= cardLeft + card.w;
      if (isBeside || bottom <= cardTop || top >= cardTop + card.h) continue;
      expect.fail(`a line from ${x1}, ${y1} to ${x2}, ${y2} crosses ${index} at ${cardLeft}, ${cardTop}`);
    }
  }
}

function expectLine(layout: Layout, index: number): void {
  const { forest, x, y, groups, groupOf } = layout;
  const path = pathTo(layout, index);
  const parent = forest.parent[index] ?? -1;
  if (parent === -1) {
    expect(path).toEqual([]);
    return;
  }
  for (let at = 0; at + 3 < path.length; at += 2) {
    const isStraight = path[at] === path[at + 2] || path[at + 1] === path[at + 3];
    if (!isStraight) expect.fail(`the line to ${index} has an angle: ${path}`);
  }
  const end = groups[groupOf[index] ?? -1];
  const [left, top] = end === undefined ? [x[index] ?? 0, y[index] ?? 0] : [end.x, end.y];
  expect(path.slice(-2)).toEqual([left, top + card.h / 2]);
  const [startX = NaN, startY = NaN] = path;
  const isAtRight = startX === (x[parent] ?? 0) + card.w && startY === (y[parent] ?? 0) + card.h / 2;
  const isAtBottom = startX > (x[parent] ?? 0) && startY === (y[parent] ?? 0) + card.h;
  expect(isAtRight || isAtBottom).toBe(true);
}

/** The points of a path with whole coordinates: all of ours lie on them. */
function addPoints(points: Set<string>, path: ArrayLike<number>): void {
  for (let at = 0; at + 3 < path.length; at += 2) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = [path[at], path[at + 1], path[at + 2], path[at + 3]];
    for (let x = Math.min(x1, x2); x <= Math.max(x1, x2); x++) points.add(`${x} ${y1}`);
    for (let y = Math.min(y1, y2); y <= Math.max(y1, y2); y++) points.add(`${x2} ${y}`);
  }
}
