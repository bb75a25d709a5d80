// stevedore images: every image of the graph.
import type { Command } from "commander";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  program
    .command("images")
    .description("list the images of the graph, with their sizes, stored checksums and names")
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore images --root /var/lib/docker --json | jq -r '.[] | select(.head).id'",
    )
    .action(
      action(async ({ config, printEach, warn, signal }) => {
        const { openGraph } = await import("../../../graph/index.js");
        const { childrenByParent, readImages, readNames, summarizeEach } = await import(
          "../../../listing/index.js"
        );
        const { summaryColumns } = await import("../../terminal/index.js");
        const graph = await openGraph(config.root);
        const images = await readImages(graph, warn, signal);
        const names = await readNames(graph, warn);
        const summaries = summarizeEach(graph, images, childrenByParent(images), names, signal);
        await printEach(summaries, summaryColumns(names.values()));
      }),
    );
}
