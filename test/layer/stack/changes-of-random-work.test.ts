import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onOverlay } from "../../support/mounts/overlay-mount.js";
import { runs } from "../../support/processes/runs.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { linesByPath } from "../../support/trees/listed-lines.js";
import { mergeStack, randomStacks, writeStack } from "../../support/trees/random-layer-stacks.js";
import { linesOf, randomWork, workedLayers } from "../../support/trees/random-work.js";
import { treeDifferences } from "../../support/trees/tree-differences.js";
import { listTree } from "../../support/trees/tree-listing.js";
import { changeLines } from "../../support/trees/upper-changes.js";

const scratch = useScratchDirectory();

describe("the changes are the differences of the tree before and after", () => {
  test("of random work in an overlay mount", async () => {
    const layers = [await scratch.fresh(), await scratch.fresh()];
    for (const [number, layer] of layers.entries())
      await shell(`set -eu\n${workedLayers[number]}`, { cwd: layer });
    const before = await onOverlay(await scratch.fresh(), layers, ({ merged }) => listTree(merged));

    await fc.assert(
      fc.asyncProperty(randomWork, async (work) => {
        const directory = await scratch.fresh();
        const after = await onOverlay(directory, layers, async ({ merged }) => {
          await shell(linesOf(work), { cwd: merged, locale: "C" });
          return listTree(merged);
        });
        const expected = treeDifferences(linesByPath(before), linesByPath(after));
        expect(await changeLines(join(directory, "upper"), layers)).toEqual(expected);
      }),
      { numRuns: runs(10) },
    );
  });

  test("of a random upper in the form of AUFS over random layers", async () => {
    await fc.assert(
      fc.asyncProperty(randomStacks, async (items) => {
        const [upper = "", ...layers] = await writeStack(await scratch.fresh(), items);
        const [before, after] = [await scratch.fresh(), await scratch.fresh()];
        await mergeStack(layers, before);
        await mergeStack([upper, ...layers], after);
        const expected = treeDifferences(await linesOfTree(before), await linesOfTree(after));
        expect(await changeLines(upper, layers, "files")).toEqual(expected);
      }),
      { numRuns: runs(6) },
    );
  });
});

/** Without the count of links, which a file of a layer has from others that may be deleted. */
async function linesOfTree(root: string): Promise<Map<string, string>> {
  const lines = await listTree(root);
  return linesByPath(lines.map((line) => line.replace(/ links=\d+ same="(?:[^"\\]|\\.)*"/, "")));
}
