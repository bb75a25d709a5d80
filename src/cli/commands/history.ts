// stevedore history ID: an image, its parent, its parent's parent and so on.
import type { Command } from "commander";
import { action } from "../run-command.js";

export function declare(program: Command): void {
  program
    .command("history")
    .description("list an image and its ancestors, the image itself first")
    .argument("<id>", "an image id or a unique prefix of one")
    .addHelpText("after", "\nExample:\n  $ stevedore history b750")
    .action(
      action(async ({ config, print, signal }, _flags, reference: string) => {
        const { openGraph } = await import("../../graph/index.js");
        const { formatTable } = await import("../format.js");
        const { summarize, summaryHeader, summaryRow } = await import("../image-summary.js");
        const graph = await openGraph(config.root);
        const history = await graph.history(reference);
        const families = await graph.byParent(signal);
        const summaries = [];
        for (const image of history) {
          const children = (families.get(image.id) ?? []).map(({ id }) => id);
          summaries.push(await summarize(graph, image, children));
        }
        print(summaries, formatTable([summaryHeader, ...summaries.map(summaryRow)]));
      }),
    );
}
