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
      action(async ({ config, print, tell }) => {
        const { openGraph } = await import("../../graph/index.js");
        const graph = await openGraph(config.root);
        const images: Image[] = [];
        for await (const listed of graph.list()) {
          if (listed.broken !== undefined) tell(`skipped: ${listed.broken.code}: ${listed.broken.message}`);
          else images.push(listed.image);
        }
        const nodes = [];
        for await (const node of walk(graph, images, tell)) nodes.push(node);
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
  tell: (line: string) => void,
): AsyncGenerator<Node> {
  const { childrenByParent, summarize } = await import("../image-summary.js");
  const present = new Set(images.map(({ id }) => id));
  const children = childrenByParent(images);
  for (const { id, parent } of images) {
    if (parent !== null && !present.has(parent))
      tell(`PARENT_NOT_FOUND: the parent ${parent} of ${id} is missing`);
  }
  const roots = images.filter(({ parent }) => parent === null || !present.has(parent));
  const stack: { image: Image; last: boolean[] }[] = [];
  const push = (siblings: readonly Image[], above: readonly boolean[]) => {
    for (const [index, image] of siblings.entries())
      stack.push({ image, last: [...above, index === siblings.length - 1] });
    stack.push(...stack.splice(stack.length - siblings.length).reverse());
  };
  push(roots, []);
  let shown = 0;
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const below = children.get(next.image.id) ?? [];
    const summary = await summarize(
      graph,
      next.image,
      below.map(({ id }) => id),
    );
    yield { summary, depth: next.last.length - 1, last: next.last };
    shown += 1;
    push(below, next.last);
  }
  if (shown < images.length) {
    tell(`PARENT_CYCLE: ${images.length - shown} images are, or descend from, their own ancestor`);
  }
}

async function drawn(nodes: readonly Node[]): Promise<string[]> {
  const { formatBytes, formatTable, formatText } = await import("../format.js");
  return formatTable(
    nodes.map(({ summary, last }) => {
      const branch = last
        .slice(1)
        .map((isLast, level) =>
          level === last.length - 2 ? (isLast ? "└─ " : "├─ ") : isLast ? "   " : "│  ",
        )
        .join("");
      const { id, layerBytes, checksum, comment } = summary;
      return [
        `${branch}${id.slice(0, 12)}`,
        formatBytes(layerBytes),
        checksum ?? "-",
        formatText(comment ?? ""),
      ];
    }),
  );
}
