// stevedore tree: the forest of images by parent.
import type { Command } from "commander";
import type { Graph, Image } from "../../graph/index.js";
import type { ImageSummary } from "../image-summary.js";
import { action } from "../run-command.js";

export function declare(program: Command): void {
  program
    .command("tree")
    .description("show the images as a tree, with their sizes and stored checksums")
    .addHelpText(
      "after",
      "\nWith --json: an array in the order of the tree, each with its depth.\n\nExample:\n  $ stevedore tree --root /var/lib/docker",
    )
    .action(
      action(async ({ config, print, warn }) => {
        const { openGraph } = await import("../../graph/index.js");
        const { readImages } = await import("../image-summary.js");
        const graph = await openGraph(config.root);
        const images = await readImages(graph, warn);
        const nodes = [];
        for await (const node of walk(graph, images, warn)) nodes.push(node);
        print(
          nodes.map(({ summary, depth }) => ({ ...summary, depth })),
          await drawn(nodes),
        );
      }),
    );
}

interface Node {
  readonly summary: ImageSummary;
  readonly depth: number;
  /** For each level, the node's own included, whether it is the last of its siblings. */
  readonly last: readonly boolean[];
}

/** The images in the order of the tree. Without recursion: a chain may be as long as the graph. */
async function* walk(
  graph: Graph,
  images: readonly Image[],
  warn: (line: string) => void,
): AsyncGenerator<Node> {
  const { childrenByParent, summarize } = await import("../image-summary.js");
  const present = new Set(images.map(({ id }) => id));
  const children = childrenByParent(images);
  for (const { id, parent } of images) {
    if (parent !== null && !present.has(parent))
      warn(`PARENT_NOT_FOUND: the parent ${parent} of ${id} is missing`);
  }
  const roots = images.filter(({ parent }) => parent === null || !present.has(parent));
  const stack: { image: Image; last: boolean[] }[] = [];
  const push = (siblings: readonly Image[], above: readonly boolean[]) => {
    for (const [index, image] of siblings.toReversed().entries())
      stack.push({ image, last: [...above, index === 0] });
  };
  push(roots, []);
  const shown = new Set<string>();
  const inCycles: string[] = [];
  // What no root leads to is its own ancestor, or descends from such a one: it is shown as if it were a root.
  let looked = 0;
  const nextOfCycle = () => {
    for (; looked < images.length; looked += 1) {
      const image = images[looked];
      if (image === undefined || shown.has(image.id)) continue;
      inCycles.push(image.id);
      return { image, last: [true] };
    }
  };
  for (let next = stack.pop() ?? nextOfCycle(); next !== undefined; next = stack.pop() ?? nextOfCycle()) {
    if (shown.has(next.image.id)) continue;
    const below = children.get(next.image.id) ?? [];
    const summary = await summarize(
      graph,
      next.image,
      below.map(({ id }) => id),
    );
    yield { summary, depth: next.last.length - 1, last: next.last };
    shown.add(next.image.id);
    push(below, next.last);
  }
  for (const id of inCycles) warn(`PARENT_CYCLE: ${id} is its own ancestor, or descends from such an image`);
}

async function drawn(nodes: readonly Node[]): Promise<string[]> {
  const { shortId } = await import("../../graph/index.js");
  const { formatBytes, formatTable } = await import("../format.js");
  return formatTable(
    nodes.map(({ summary, last }) => {
      const branch = last
        .slice(1)
        .map((isLast, level) =>
          level === last.length - 2 ? (isLast ? "└─ " : "├─ ") : isLast ? "   " : "│  ",
        )
        .join("");
      const { id, layerBytes, checksum, comment } = summary;
      return [`${branch}${shortId(id)}`, formatBytes(layerBytes), checksum ?? "-", comment ?? ""];
    }),
  );
}
