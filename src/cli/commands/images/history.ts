// stevedore history ID: an image, its parent, its parent's parent and so on.
import type { Command } from "commander";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";

export function declare(program: Command): void {
  program
    .command("history")
    .description("list an image and its ancestors, the image itself first")
    .argument("<id>", imageArgument)
    .addHelpText(
      "after",
      "\nExamples:\n  $ stevedore history b750\n  $ stevedore history library/busybox:1.0",
    )
    .action(
      action(async ({ config, printEach, warn, signal }, _flags, reference: string) => {
        const { openGraph } = await import("../../../graph/index.js");
        const { childrenByParent, inBrief, readImages, readNames, summarizeEach } = await import(
          "../../../listing/index.js"
        );
        const { summaryColumns } = await import("../../terminal/index.js");
        const graph = await openGraph(config.root);
        const history = (await graph.history(reference)).map(inBrief);
        // Of what is broken elsewhere in the graph `images` tells.
        const families = childrenByParent(await readImages(graph, () => {}, signal));
        const names = await readNames(graph, warn);
        const summaries = summarizeEach(graph, history, families, names, signal);
        await printEach(summaries, summaryColumns(history.map(({ id }) => names.get(id) ?? [])));
      }),
    );
}
