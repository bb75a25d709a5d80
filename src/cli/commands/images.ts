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
      action(async ({ config, printEach, warn, signal }) => {
        const { openGraph } = await import("../../graph/index.js");
        const { childrenByParent, readImages, summarizeEach } = await import("../../listing/index.js");
        const { summaryHeader, summaryRow } = await import("../summary-row.js");
        const graph = await openGraph(config.root);
        const images = await readImages(graph, warn, signal);
        const summaries = summarizeEach(graph, images, childrenByParent(images), signal);
        await printEach(summaries, { header: summaryHeader, line: summaryRow });
      }),
    );
}
