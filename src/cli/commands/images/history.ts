// stevedore history ID: how an image came about, the last step first.
import type { Command } from "commander";
import type { HistoryStep } from "../../../listing/index.js";
import { addListFlags, type ListFlags, printList } from "../../list-flags.js";
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
        const { stepLines } = await import("../../terminal/index.js");
        const graph = await openGraph(config.root);
        const history = await graph.history(reference);
        // Of what is broken elsewhere in the graph `images` tells.
        const families = childrenByParent(await readImages(graph, () => {}, signal));
        const names = await readNames(graph, warn);
        const about = (id: string) => [families.get(id), names.get(id) ?? []] as const;
        const steps = readSteps(graph, history, about, signal);
        if (context.json) return printEach(steps, { line: ({ id }) => id ?? "" });
        const all: HistoryStep[] = [];
        for await (const step of steps) all.push(step);
        // A step that made no image has no id.
        const listed = flags.format === "ids" ? all.filter(({ id }) => id !== null) : all;
        printList(
          context,
          flags,
          listed,
          ({ id }) => id ?? "",
          (view) => stepLines(listed, view),
        );
      }),
    );
}
