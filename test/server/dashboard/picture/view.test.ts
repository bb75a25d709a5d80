import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plantForest } from "../../../../src/server/dashboard/app/picture/layout/forest.js";
import { walk } from "../../../../src/server/dashboard/app/picture/layout/walk.js";
import {
  between,
  boxInView,
  fitBox,
  follow,
  reveal,
} from "../../../../src/server/dashboard/app/picture/view.js";
import { realistic } from "../../../support/images/graph-shapes.js";

const window = { w: 800, h: 500 };
const coordinate = fc.double({ min: -1e5, max: 1e5, noNaN: true });
const size = fc.double({ min: 1, max: 1e5, noNaN: true });
const box = fc
  .tuple(coordinate, coordinate, size, size)
  .map(([left, top, w, h]) => ({ left, top, right: left + w, bottom: top + h }));
const view = fc
  .tuple(fc.double({ min: 0.01, max: 3, noNaN: true }), coordinate, coordinate)
  .map(([k, x, y]) => ({ k, x, y }));

describe("the view", () => {
  it("shows all of a box that it is fitted to", () => {
    fc.assert(
      fc.property(box, (wanted) => {
        const seen = boxInView(fitBox(wanted, window, 20, 2), window);
        expect(seen.left).toBeLessThanOrEqual(wanted.left);
        expect(seen.top).toBeLessThanOrEqual(wanted.top);
        expect(seen.right).toBeGreaterThanOrEqual(wanted.right);
        expect(seen.bottom).toBeGreaterThanOrEqual(wanted.bottom);
      }),
    );
  });

  it("does not move for a box that is in it, and moves to one that is not", () => {
    fc.assert(
      fc.property(view, coordinate, coordinate, (from, left, top) => {
        const wanted = { left, top, right: left + 184, bottom: top + 64 };
        const to = reveal(from, wanted, window, 10);
        expect(to.k).toBe(from.k);
        expect(reveal(to, wanted, window, 10).x).toBeCloseTo(to.x, 3);
        const seen = boxInView(to, window);
        expect((seen.left + seen.right) / 2).toBeGreaterThan(left - window.w / to.k);
        if (184 * to.k < 700 && 64 * to.k < 400) {
          expect(seen.left).toBeLessThanOrEqual(left + 1e-3);
          expect(seen.bottom).toBeGreaterThanOrEqual(top + 64 - 1e-3);
        }
      }),
    );
  });

  it("keeps a point where it is on the screen when the layout moves it", () => {
    fc.assert(
      fc.property(view, coordinate, coordinate, coordinate, coordinate, (from, x1, y1, x2, y2) => {
        const to = follow(from, { x: x1, y: y1 }, { x: x2, y: y2 });
        expect(to.k * x2 + to.x).toBeCloseTo(from.k * x1 + from.x, 3);
        expect(to.k * y2 + to.y).toBeCloseTo(from.k * y1 + from.y, 3);
      }),
    );
  });

  it("goes from one view to another by steps that begin and end there", () => {
    const [from, to] = [
      { k: 0.1, x: 30, y: -20 },
      { k: 1, x: -4_000, y: 600 },
    ];
    for (const [share, wanted] of [
      [0, from],
      [1, to],
    ] as const) {
      const step = between(from, to, window, share);
      for (const side of ["k", "x", "y"] as const) expect(step[side]).toBeCloseTo(wanted[side], 6);
    }
    expect(between(from, to, window, 0.5).k).toBeCloseTo(Math.sqrt(0.1), 6);
  });
});

describe("the arrow keys", () => {
  const forest = plantForest(realistic(300));

  it("begin at the first root, and reach every image", () => {
    expect(walk(forest, -1, "next")).toBe(forest.roots[0]);
    expect(walk(plantForest([]), -1, "child")).toBe(-1);
    const reached = new Set([walk(forest, -1, "child")]);
    for (const from of reached) {
      for (const step of ["child", "next"] as const) reached.add(walk(forest, from, step));
    }
    expect(reached.size).toBe(300);
  });

  it("lead back where they came from", () => {
    for (const index of forest.nodes.keys()) {
      const [child, next] = [walk(forest, index, "child"), walk(forest, index, "next")];
      if (child !== index) expect(walk(forest, child, "parent")).toBe(index);
      if (next !== index) expect(walk(forest, next, "previous")).toBe(index);
    }
  });
});
