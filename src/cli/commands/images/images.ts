// stevedore images: every image of the graph.
import type { Command } from "commander";
import { addListFlags, type ListFlags, showList } from "../../list-flags.js";
import { action } from "../../run-command.js";
import { showMeasuring } from "./measuring.js";

export function declare(program: Command): void {
  const command = program
    .command("images")
    .description("list the images of the graph, with their names, sizes and stored checksums");
  addListFlags(command)
    .addHelpText(
      "after",
      `
A terminal that is too narrow for all columns gets those that matter most, and texts are cut; elsewhere nothing is cut.

Examples:
  $ stevedore images --root /var/lib/docker --json | jq -r '.[] | select(.head).id'
  $ stevedore images --format ids | xargs stevedore verify`,
    )
    .action(
      action<ListFlags>(async (context, flags) => {
        const { config, printEach, warn, signal } = context;
        const { openGraph } = await import("../../../graph/index.js");
        const { childrenByParent, measureMissing, readImages, readNames, summarizeEach } = await import(
          "../../../listing/index.js"
        );
        const { openImageTable } = await import("../../terminal/index.js");
        const graph = await openGraph(config.root);
        const images = await readImages(graph, warn, signal);
        await showMeasuring(context, (onMeasured) => measureMissing(graph, images, onMeasured, signal));
        await graph.close();
        const names = await readNames(graph, warn);
        const summaries = summarizeEach(graph, images, childrenByParent(images), names, signal);
        await printEach(
          summaries,
          showList(
            context,
            flags,
            ({ id }) => id,
            (view) => openImageTable(images, names, view),
          ),
        );
      }),
    );
}
