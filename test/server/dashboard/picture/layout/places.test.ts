import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plantForest } from "../../../../../src/server/dashboard/app/picture/layout/forest.js";
import { card, layOut } from "../../../../../src/server/dashboard/app/picture/layout/layout.js";
import { indexPlaces } from "../../../../../src/server/dashboard/app/picture/layout/places.js";
import { realistic } from "../../../../support/images/graph-shapes.js";
import { anyGraph } from "../shapes.js";

const share = fc.double({ min: -0.1, max: 1.1, noNaN: true });

describe("the places", () => {
  it("name the images in a rectangle, as a look at all cards does", () => {
    fc.assert(
      fc.property(anyGraph, share, share, share, share, (nodes, x1, y1, x2, y2) => {
        const layout = layOut(plantForest(nodes));
        const box = {
          left: Math.min(x1, x2) * layout.width,
          right: Math.max(x1, x2) * layout.width,
          top: Math.min(y1, y2) * layout.height,
          bottom: Math.max(y1, y2) * layout.height,
        };
        const found: number[] = [];
        indexPlaces(layout).within(box, (index) => found.push(index));
        const wanted = [...nodes.keys()].filter((index) => {
          const [left = 0, top = 0] = [layout.x[index], layout.y[index]];
          const isBeside = left > box.right || left + card.w < box.left;
          return !isBeside && !(top > box.bottom || top + card.h < box.top);
        });
        expect(found.sort((a, b) => a - b)).toEqual(wanted);
      }),
    );
  });

  it("name the image under a point, or the nearest within reach", () => {
    const layout = layOut(plantForest(realistic(400)));
    const places = indexPlaces(layout);
    fc.assert(
      fc.property(share, share, fc.constantFrom(0, 8, 300), (shareX, shareY, reach) => {
        const [x, y] = [shareX * layout.width, shareY * layout.height];
        const distances = Array.from(layout.x, (left, index) => {
          const top = layout.y[index] ?? 0;
          return Math.hypot(Math.max(left - x, 0, x - left - card.w), Math.max(top - y, 0, y - top - card.h));
        });
        const least = Math.min(...distances);
        const found = places.at(x, y, reach);
        if (least > reach) expect(found).toBe(-1);
        else expect(distances[found]).toBe(least);
      }),
      { numRuns: 500 },
    );
  });
});
