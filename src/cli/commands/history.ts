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
      action(async ({ config, printEach, signal }, _flags, reference: string) => {
        const { openGraph } = await import("../../graph/index.js");
        const { childrenByParent, inBrief, readImages, summarizeEach } = await import(
          "../../listing/index.js"
        );
        const { summaryHeader, summaryRow } = await import("../summary-row.js");
        const graph = await openGraph(config.root);
        const history = (await graph.history(reference)).map(inBrief);
        // Of what is broken elsewhere in the graph `images` tells.
        const families = childrenByParent(await readImages(graph, () => {}, signal));
        const summaries = summarizeEach(graph, history, families, signal);
        await printEach(summaries, { header: summaryHeader, line: summaryRow });
      }),
    );
}
