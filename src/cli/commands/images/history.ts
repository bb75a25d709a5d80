// stevedore history ID: how an image came about, the last step first.
import type { Command } from "commander";
import type { HistoryStep } from "../../../listing/index.js";
import { addListFlags, type ListFlags, showList } from "../../list-flags.js";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";

export function declare(program: Command): void {
  const command = program
    .command("history")
    .description("list the steps that made an image, the last one first: when, by what command, how large")
    .argument("<id>", imageArgument);
  addListFlags(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ stevedore history b750\n  $ stevedore history library/busybox:1.0 --no-trunc",
    )
    .action(
      action<ListFlags>(async (context, flags, reference: string) => {
        const { config, printEach, warn, signal } = context;
        const { openGraph } = await import("../../../graph/index.js");
        const { childrenByParent, readImages, readNames, readSteps } = await import(
          "../../../listing/index.js"
        );
        const { openStepTable } = await import("../../terminal/index.js");
        const graph = await openGraph(config.root);
        const history = await graph.history(reference);
        // Of what is broken elsewhere in the graph `images` tells.
        const families = childrenByParent(await readImages(graph, () => {}, signal));
        const names = await readNames(graph, warn);
        const about = (id: string) => [families.get(id), names.get(id) ?? []] as const;
        const steps = readSteps(graph, history, about, signal);
        // A step that made no image has no id to be printed.
        const listed = flags.format === "ids" ? withIds(steps) : steps;
        const ofAll = history.map(({ id }) => names.get(id) ?? []);
        await printEach(
          listed,
          showList<HistoryStep>(
            context,
            flags,
            ({ id }) => id ?? "",
            (view) => openStepTable(ofAll, view),
          ),
        );
      }),
    );
}

async function* withIds(steps: AsyncIterable<HistoryStep>): AsyncGenerator<HistoryStep> {
  for await (const step of steps) if (step.id !== null) yield step;
}
