// stevedore tree: the forest of images by parent.
import type { Command } from "commander";
import type { Graph } from "../../../graph/index.js";
import type { BriefImage, NamesByImage } from "../../../listing/index.js";
import { addListFlags, type ListFlags, showList } from "../../list-flags.js";
import { action } from "../../run-command.js";
import {
  drawnLevels,
  openTreeTable,
  type SummarizedNode,
  type TreeNode,
  type TreePlace,
} from "../../terminal/index.js";
import { showMeasuring } from "./measuring.js";

export function declare(program: Command): void {
  const command = program
    .command("tree")
    .description("show the images as a tree, with their names, sizes and stored checksums");
  addListFlags(command)
    .addHelpText(
      "after",
      `
Of a branch of more than ${drawnLevels} levels the last ${drawnLevels} are drawn, behind the number of the others; on a terminal the last that
half of its columns have room for. A terminal that is too narrow for all columns gets those that matter most, and texts
are cut; elsewhere nothing is cut.
With --json: an array in the order of the tree, each with its depth.

Example:
  $ stevedore tree --root /var/lib/docker`,
    )
    .action(
      action<ListFlags>(async (context, flags) => {
        const { config, printEach, warn, signal } = context;
        const { openGraph } = await import("../../../graph/index.js");
        const { childrenByParent, measureMissing, readImages, readNames } = await import(
          "../../../listing/index.js"
        );
        const graph = await openGraph(config.root);
        const images = await readImages(graph, warn, signal);
        await showMeasuring(context, (onMeasured) => measureMissing(graph, images, onMeasured, signal));
        await graph.close();
        const families = childrenByParent(images);
        const nodes = arrange(images, families, warn);
        const names = await readNames(graph, warn);
        await printEach(summarizeNodes(graph, nodes, families, names, signal), {
          document: ({ node, summary }) => ({ ...summary, depth: node.place.depth }),
          ...showList(
            context,
            flags,
            ({ summary }) => summary.id,
            (view) => openTreeTable(nodes, names, view),
          ),
        });
      }),
    );
}

type Families = ReadonlyMap<string | null, readonly BriefImage[]>;

/** The images in the order of the tree. Without recursion: a chain may be as long as the graph. */
function arrange(
  images: readonly BriefImage[],
  families: Families,
  warn: (line: string) => void,
): TreeNode[] {
  const present = new Set(images.map(({ id }) => id));
  for (const { id, parent } of images) {
    if (parent !== null && !present.has(parent))
      warn(`PARENT_NOT_FOUND: the parent ${parent} of ${id} is missing`);
  }
  const stack: TreeNode[] = [];
  const push = (siblings: readonly BriefImage[], above: TreePlace | undefined) => {
    const depth = above === undefined ? 0 : above.depth + 1;
    for (const [index, image] of siblings.toReversed().entries())
      stack.push({ image, place: { above, depth, last: index === 0 } });
  };
  push(
    images.filter(({ parent }) => parent === null || !present.has(parent)),
    undefined,
  );
  const nodes: TreeNode[] = [];
  const shown = new Set<string>();
  const inCycles: string[] = [];
  // An image that no root leads to is its own ancestor, or descends from such an image: it is shown as a root.
  let looked = 0;
  const nextOfCycle = (): TreeNode | undefined => {
    for (; looked < images.length; looked += 1) {
      const image = images[looked];
      if (image === undefined || shown.has(image.id)) continue;
      inCycles.push(image.id);
      return { image, place: { above: undefined, depth: 0, last: true } };
    }
  };
  for (let next = stack.pop() ?? nextOfCycle(); next !== undefined; next = stack.pop() ?? nextOfCycle()) {
    if (shown.has(next.image.id)) continue;
    nodes.push(next);
    shown.add(next.image.id);
    push(families.get(next.image.id) ?? [], next.place);
  }
  for (const id of inCycles) warn(`PARENT_CYCLE: ${id} is its own ancestor, or descends from such an image`);
  return nodes;
}

async function* summarizeNodes(
  graph: Graph,
  nodes: readonly TreeNode[],
  families: Families,
  names: NamesByImage,
  signal: AbortSignal,
): AsyncGenerator<SummarizedNode, void, undefined> {
  const { summarize } = await import("../../../listing/index.js");
  for (const node of nodes) {
    const summary = await summarize(
      graph,
      node.image,
      families.get(node.image.id),
      names.get(node.image.id),
      signal,
    );
    if (summary !== undefined) yield { node, summary };
  }
}
