import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  describe as inWords,
  sizeInWords,
} from "../../../../../src/server/dashboard/app/picture/describe.js";
import {
  ageInWords,
  agesOf,
  checksumState,
  detailAt,
  sizeShare,
} from "../../../../../src/server/dashboard/app/picture/layout/detail.js";
import {
  type GraphNode,
  plantForest,
} from "../../../../../src/server/dashboard/app/picture/layout/forest.js";
import { chain } from "../../../../support/images/graph-shapes.js";
import { anyGraph } from "../shapes.js";

const day = 86_400_000;
const image: GraphNode = {
  ...{ id: "8dbd9e392a964056", parent: "gone", created: "2013-03-23T22:24:18.818426123Z" },
  ...{ comment: "base", layerBytes: 94_863_360, checksums: ["docker"], mounts: 2, broken: "IMAGE_BROKEN" },
};

describe("the level of detail", () => {
  it("never shows less when the zoom is larger", () => {
    const levels = ["bars", "titles", "cards"];
    fc.assert(
      fc.property(
        fc.double({ min: 1e-4, max: 4, noNaN: true }),
        fc.double({ min: 1, max: 10 }),
        (zoom, factor) => {
          expect(levels.indexOf(detailAt(zoom * factor))).toBeGreaterThanOrEqual(
            levels.indexOf(detailAt(zoom)),
          );
        },
      ),
    );
    expect([0.05, 0.5, 1].map(detailAt)).toEqual(levels);
  });

  it("makes a bar longer for a larger layer, and shows the smallest", () => {
    expect([null, 0, 1024].map(sizeShare)).toEqual([1 / 12, 1 / 12, 1 / 12]);
    expect(sizeShare(1e6)).toBeLessThan(sizeShare(1e8));
    expect(sizeShare(1e15)).toBe(1);
  });

  it("tells apart no checksum, one by some recipe, and one by xz-6", () => {
    const states = [[], ["docker"], ["xz-1", "xz-6"]].map((checksums) =>
      checksumState({ ...image, checksums }),
    );
    expect(states).toEqual(["none", "some", "default"]);
  });
});

describe("the classes of age", () => {
  it("are at most five and one for those not known, none empty of a label, the newest first", () => {
    fc.assert(
      fc.property(anyGraph, fc.nat(2_000), (nodes, days) => {
        const forest = plantForest(nodes);
        const now = 1_701_000_000_000 + days * day;
        const { classes, classOf } = agesOf(forest, now);
        const known = classes.filter(({ tone }) => tone !== -1);
        expect(known.length).toBeLessThanOrEqual(5);
        expect(known.map(({ tone }) => tone)).toEqual(known.map(({ tone }) => tone).sort());
        for (const index of nodes.keys()) {
          const isKnown = !Number.isNaN(forest.created[index] ?? Number.NaN);
          expect(classes[classOf[index] ?? -1]?.tone === -1).toBe(!isKnown);
          for (const other of nodes.keys()) {
            if ((forest.created[index] ?? 0) > (forest.created[other] ?? 0)) {
              expect(classOf[index]).toBeLessThanOrEqual(classOf[other] ?? -1);
            }
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("end at round figures", () => {
    const now = Date.UTC(2026, 0, 1);
    const nodes = chain(5).map((node, place) => ({
      ...node,
      created: new Date(now - ([0.5, 3, 20, 300, 4_000][place] ?? 0) * day).toISOString(),
    }));
    expect(agesOf(plantForest(nodes), now).classes.map(({ label }) => label)).toEqual([
      "under 1 week",
      "1 week to 1 month",
      "1 month to 1 year",
      "1 year and more",
    ]);
  });
});

describe("an image in words", () => {
  it("says all that the card shows", () => {
    const forest = plantForest([image]);
    expect(inWords(forest, 0, Date.UTC(2026, 3, 1))).toBe(
      "Image 8dbd9e392a96, base, 90.5 MiB, 13 years old, no children, parent gone, which is not in the graph, checksums docker, 2 mounts, broken: IMAGE_BROKEN.",
    );
  });

  it("takes Go's unset time for none", () => {
    const forest = plantForest([{ ...image, created: "0001-01-01T00:00:00Z" }]);
    expect(inWords(forest, 0, Date.now())).toContain("age not known");
  });

  it("gives sizes and ages one figure that fits", () => {
    expect([0, 1023, 1024, 150 * 1024, 5e9, null].map(sizeInWords)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "150 KiB",
      "4.7 GiB",
      "size not known",
    ]);
    expect([0, 61_000, 2 * day, 400 * day].map(ageInWords)).toEqual([
      "just now",
      "1 minute",
      "2 days",
      "1 year",
    ]);
  });
});
