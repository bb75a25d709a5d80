// Small images of random layers in which deletions, opaque directories and changes of kind meet, and directories are
// left out that the layers below have: imported, each is what umoci unpacks.
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { flattenLayers } from "../../src/layer/index.js";
import { importInto } from "../support/images/imports.js";
import { umoci, umociUnpack } from "../support/images/peers.js";
import { runs } from "../support/processes/runs.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import {
  type RandomLayer,
  randomLayers,
  withoutRebirth,
  writeRandomLayer,
} from "../support/trees/random-layers.js";
import { listTree } from "../support/trees/tree-listing.js";

const scratch = useScratchDirectory();

it("an image of any layers is the tree that umoci unpacks", async () => {
  // Of a name that a layer both deletes and makes umoci takes what comes last in the archive.
  const layers = randomLayers.map((stack) => stack.map(withoutRebirth));
  const choices = fc.infiniteStream(fc.boolean());
  await fc.assert(
    fc.asyncProperty(layers, choices, async (stack, isLeftOut) => {
      const directory = await scratch.fresh();
      const layout = await makeImage(directory, stack, isLeftOut);
      const root = join(directory, "root");
      const { images } = await importInto(root, layout, { name: "x" });
      const graph = await openGraph(root);
      const ours = join(directory, "ours");
      mkdirSync(ours);
      await flattenLayers(await graph.layers(images[0]?.id ?? ""), ours);
      expect(await listTree(ours)).toEqual(
        await listTree(await umociUnpack(`${layout}:it`, `${directory}/it`)),
      );
      rmSync(directory, { recursive: true });
    }),
    { numRuns: runs(6) },
  );
});

/** Makes an image `it` in a layout below the directory. */
async function makeImage(
  directory: string,
  stack: readonly RandomLayer[],
  isLeftOut: Iterator<boolean>,
): Promise<string> {
  const layout = join(directory, "layout");
  const image = `${layout}:it`;
  await umoci("init", "--layout", layout);
  await umoci("new", "--image", image);
  for (const [at, layer] of stack.entries()) {
    const tree = join(directory, `${at}`);
    mkdirSync(tree);
    writeRandomLayer(layer, tree, at);
    await bash(`find . -exec touch -h -d '2001-01-0${at + 1} 00:00:00.5' {} +`, tree);
    const found = await bash("find . -printf '%y %p\\n' | LC_ALL=C sort -k 2", tree);
    const entries = found
      .split("\n")
      .map((line) => ({ isDirectory: line.startsWith("d"), path: line.slice(2) }));
    const below = at === 0 ? undefined : await umociUnpack(image, join(directory, `below-${at}`));
    const isOptional = ({ isDirectory, path }: (typeof entries)[number]) =>
      isDirectory &&
      below !== undefined &&
      entries.some((other) => !other.isDirectory && other.path.startsWith(`${path}/`)) &&
      // A new one, which umoci makes itself, would have the time of now.
      ancestors(path).every((each) =>
        lstatSync(join(below, each), { throwIfNoEntry: false })?.isDirectory(),
      ) &&
      !ancestors(path)
        .slice(0, -1)
        .some((each) => entries.some((other) => other.path === `${each}/.wh..wh..opq`));
    const listed = entries.filter((entry) => !isOptional(entry) || !isLeftOut.next().value);
    const archive = join(directory, `${at}.tar`);
    const args = ["-C", tree, "--no-recursion", "--format=posix", "-cf", archive, "-T", "-"];
    await execa("tar", args, { input: listed.map(({ path }) => path).join("\n") });
    await umoci("raw", "add-layer", "--image", image, archive);
  }
  return layout;
}

/** A path and all that lead to it, `.` first. */
function ancestors(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

async function bash(script: string, cwd: string): Promise<string> {
  return (await execa("bash", ["-euc", script], { cwd })).stdout;
}
