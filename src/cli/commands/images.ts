// stevedore images: every image of the graph.
import type { Command } from "commander";
import { action } from "../run-command.js";

export function declare(program: Command): void {
  program
    .command("images")
    .description("list the images of the graph, with their sizes and stored checksums")
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore images --root /var/lib/docker --json | jq -r '.[] | select(.head).id'",
    )
    .action(
      action(async ({ config, print, warn }) => {
        const { openGraph } = await import("../../graph/index.js");
        const { formatTable } = await import("../format.js");
        const { childrenByParent, readImages, summarize, summaryHeader, summaryRow } = await import(
          "../image-summary.js"
        );
        const graph = await openGraph(config.root);
        const images = await readImages(graph, warn);
        const children = childrenByParent(images);
        const summaries = [];
        for (const image of images) {
          summaries.push(
            await summarize(
              graph,
              image,
              (children.get(image.id) ?? []).map(({ id }) => id),
            ),
          );
        }
        print(summaries, formatTable([summaryHeader, ...summaries.map(summaryRow)]));
      }),
    );
}
