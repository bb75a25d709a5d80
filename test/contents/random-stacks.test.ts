// What is told of random stacks of layers, against bash, tar, find and the differences of two listings.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffImages, listEntries, openContents, reckonWaste } from "../../src/contents/index.js";
import { collect } from "../support/collect.js";
import { addManifest, layImage, withGraph } from "../support/images/layered-image.js";
import { runs } from "../support/processes/runs.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { mergeStack, randomStacks, writeStack } from "../support/trees/random-layer-stacks.js";
import { reckonedByHand } from "../support/trees/reckoned-waste.js";
import { foundEntries, shownEntries, withoutLinks } from "../support/trees/shown-entries.js";
import { treeDifferences } from "../support/trees/tree-differences.js";
import { listTree } from "../support/trees/tree-listing.js";

const scratch = useScratchDirectory({ inMemory: true });
const letters = { modify: "C", add: "A", delete: "D" } as const;

/** Writes the layers, and the tree of the lowest, the lowest two … the whole stack. */
async function prepare(items: Parameters<typeof writeStack>[1], name: string) {
  const directory = await scratch.fresh();
  const layers = await writeStack(directory, items);
  const trees: string[] = [];
  for (let from = layers.length - 1; from >= 0; from--) {
    const tree = join(directory, `tree-${from}`);
    mkdirSync(tree);
    await mergeStack(layers.slice(from), tree);
    trees.push(tree);
  }
  const byHand = await reckonedByHand(layers, trees);
  const root = join(directory, "root");
  return { root, trees, byHand, ids: layImage(root, name, layers) };
}

describe("random stacks of layers", () => {
  test("are listed as find lists the tree that they stand for, and each layer does what changed", async () => {
    await fc.assert(
      fc.asyncProperty(randomStacks, fc.boolean(), async (items, hasManifests) => {
        const { root, trees, ids, byHand } = await prepare(items, "a");
        await withGraph(root, async (graph) => {
          if (hasManifests) for (const id of ids.slice(0, 2)) await addManifest(graph, id);
          const contents = await openContents(graph)(ids[0]);
          const found = await collect(listEntries(contents, { isRecursive: true }));
          expect(shownEntries(found.map(({ entry }) => entry))).toEqual(
            await foundEntries(trees.at(-1) ?? ""),
          );

          const empty = await scratch.fresh();
          for (const [at, id] of ids.toReversed().entries()) {
            const was = withoutLinks(await listTree(trees[at - 1] ?? empty));
            const is = withoutLinks(await listTree(trees[at] ?? ""));
            const changes = await collect(listEntries(contents, { layer: id, isRecursive: true }));
            const told = changes.flatMap(({ path, entry: { kind } }) =>
              kind === null ? [] : [`${letters[kind]} /${path}`],
            );
            expect(told.sort(byPath)).toEqual(treeDifferences(was, is).sort(byPath));
          }

          const waste = await reckonWaste(contents, 1_000);
          expect(waste).toMatchObject({ wastedBytes: byHand.wastedBytes, totalBytes: byHand.totalBytes });
          expect(waste.efficiency).toBeCloseTo(byHand.efficiency, 12);
          expect(waste.files.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(byHand.wastedBytes);
        });
      }),
      { numRuns: runs(8) },
    );
  });

  test("differ as the listings of their trees do", async () => {
    await fc.assert(
      fc.asyncProperty(randomStacks, randomStacks, fc.boolean(), async (ones, others, hasManifests) => {
        const [one, other] = [await prepare(ones, "a"), await prepare(others, "b")];
        const was = withoutLinks(await listTree(one.trees.at(-1) ?? ""));
        const is = withoutLinks(await listTree(other.trees.at(-1) ?? ""));
        await withGraph(one.root, async (first) => {
          await withGraph(other.root, async (second) => {
            if (hasManifests) await addManifest(first, one.ids[0]);
            const [before, after] = [
              await openContents(first)(one.ids[0]),
              await openContents(second)(other.ids[0]),
            ];
            const { changes, counts, bytes } = await diffImages(before, after);
            const told = changes.map(({ kind, path }) => `${letters[kind]} ${path}`);
            expect(told.sort(byPath)).toEqual(treeDifferences(was, is).sort(byPath));
            expect(counts.add + counts.modify + counts.delete).toBe(changes.length);
            expect(bytes).toEqual({ before: one.byHand.seenBytes, after: other.byHand.seenBytes });
          });
        });
      }),
      { numRuns: runs(6) },
    );
  });
});

function byPath(one: string, other: string): number {
  return one.slice(2) < other.slice(2) ? -1 : 1;
}
