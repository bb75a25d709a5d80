// stevedore history ID: how an image came about, the last step first.
import type { Command } from "commander";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";

interface HistoryFlags {
  readonly trunc: boolean;
}

export function declare(program: Command): void {
  program
    .command("history")
    .description("list the steps that made an image, the last one first: when, by what command, how large")
    .argument("<id>", imageArgument)
    .option("--no-trunc", "show ids, times and commands whole")
    .addHelpText(
      "after",
      "\nExamples:\n  $ stevedore history b750\n  $ stevedore history library/busybox:1.0 --no-trunc",
    )
    .action(
      action<HistoryFlags>(async ({ config, printEach, warn, signal }, { trunc }, reference: string) => {
        const { openGraph } = await import("../../../graph/index.js");
        const { childrenByParent, readImages, readNames, readSteps } = await import(
          "../../../listing/index.js"
        );
        const { stepColumns } = await import("../../terminal/index.js");
        const graph = await openGraph(config.root);
        const history = await graph.history(reference);
        // Of what is broken elsewhere in the graph `images` tells.
        const families = childrenByParent(await readImages(graph, () => {}, signal));
        const names = await readNames(graph, warn);
        const about = (id: string) => [families.get(id), names.get(id) ?? []] as const;
        const columns = stepColumns(
          history.map(({ id }) => names.get(id) ?? []),
          { isWhole: !trunc },
        );
        await printEach(readSteps(graph, history, about, signal), columns);
      }),
    );
}
