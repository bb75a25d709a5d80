// stevedore tree: the forest of images by parent.
import type { Command } from "commander";
import type { Graph } from "../../../graph/index.js";
import type { BriefImage, ImageSummary, NamesByImage } from "../../../listing/index.js";
import { action } from "../../run-command.js";

/** Levels of a branch that are drawn; as many as AUFS could mount when the graphs of Docker 0.3 were made. */
const drawnLevels = 42;

export function declare(program: Command): void {
  program
    .command("tree")
    .description("show the images as a tree, with their sizes, stored checksums and names")
    .addHelpText(
      "after",
      `
Of a branch of more than ${drawnLevels} levels the last ${drawnLevels} are drawn, behind the number of the others.
With --json: an array in the order of the tree, each with its depth.

Example:
  $ stevedore tree --root /var/lib/docker`,
    )
    .action(
      action(async ({ config, printEach, warn, signal }) => {
        const { openGraph } = await import("../../../graph/index.js");
        const { childrenByParent, readImages, readNames } = await import("../../../listing/index.js");
        const graph = await openGraph(config.root);
        const images = await readImages(graph, warn, signal);
        const families = childrenByParent(images);
        const nodes = arrange(images, families, warn);
        const names = await readNames(graph, warn);
        await printEach(summarizeNodes(graph, nodes, families, names, signal), {
          document: ({ node, summary }) => ({ ...summary, depth: node.place.depth }),
          line: await lineOf(nodes, names),
        });
      }),
    );
}

/** An image and where it stands in the tree. */
interface Node {
  readonly image: BriefImage;
  readonly place: Place;
}

/** A place in the tree, linked to the one above: a list of all levels for each image could become very long. */
interface Place {
  readonly above: Place | undefined;
  readonly depth: number;
  /** Whether it is the last of its siblings. */
  readonly last: boolean;
}

interface SummarizedNode {
  readonly node: Node;
  readonly summary: ImageSummary;
}

type Families = ReadonlyMap<string | null, readonly BriefImage[]>;

/** The images in the order of the tree. Without recursion: a chain may be as long as the graph. */
function arrange(images: readonly BriefImage[], families: Families, warn: (line: string) => void): Node[] {
  const present = new Set(images.map(({ id }) => id));
  for (const { id, parent } of images) {
    if (parent !== null && !present.has(parent))
      warn(`PARENT_NOT_FOUND: the parent ${parent} of ${id} is missing`);
  }
  const stack: Node[] = [];
  const push = (siblings: readonly BriefImage[], above: Place | undefined) => {
    const depth = above === undefined ? 0 : above.depth + 1;
    for (const [index, image] of siblings.toReversed().entries())
      stack.push({ image, place: { above, depth, last: index === 0 } });
  };
  push(
    images.filter(({ parent }) => parent === null || !present.has(parent)),
    undefined,
  );
  const nodes: Node[] = [];
  const shown = new Set<string>();
  const inCycles: string[] = [];
  // An image that no root leads to is its own ancestor, or descends from such an image: it is shown as a root.
  let looked = 0;
  const nextOfCycle = (): Node | undefined => {
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
  nodes: readonly Node[],
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

/** Returns a function that draws a line of the tree, with columns as wide as these nodes need them. */
async function lineOf(
  nodes: readonly Node[],
  names: NamesByImage,
): Promise<(node: SummarizedNode) => string> {
  const { shortId } = await import("../../../terms/index.js");
  const { bytesWidth, formatBytes, formatRow } = await import("../../terminal/index.js");
  const { checksumWidth, namesCell, namesWidth } = await import("../../terminal/index.js");
  const stem = ({ image, place }: Node) => `${branchTo(place)}${shortId(image.id)}`;
  const stemWidth = nodes.reduce((width, node) => Math.max(width, stem(node).length), 0);
  // A graph without names has no column of them.
  const columns = names.size === 0 ? [] : [namesWidth(names.values())];
  const widths = [stemWidth, bytesWidth, checksumWidth, ...columns];
  return ({ node, summary }) => {
    const { layerBytes, checksum, comment } = summary;
    const named = columns.map(() => namesCell(summary.names));
    return formatRow([stem(node), formatBytes(layerBytes), checksum ?? "-", ...named, comment ?? ""], widths);
  };
}

/** The lines that lead to a place from the left. */
function branchTo(place: Place): string {
  if (place.above === undefined) return "";
  let branch = place.last ? "└─ " : "├─ ";
  let at = place.above;
  for (let drawn = 1; at.above !== undefined; drawn += 1, at = at.above) {
    if (drawn === drawnLevels) return `(${at.depth}) ${branch}`;
    branch = `${at.last ? "   " : "│  "}${branch}`;
  }
  return branch;
}
