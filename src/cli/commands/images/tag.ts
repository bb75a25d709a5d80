// stevedore tag ID NAME[:TAG]: an image gets a name.
import type { Command } from "commander";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";

interface TagFlags {
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  program
    .command("tag")
    .description("give an image a name, and print that; another image that had it loses it")
    .argument("<id>", imageArgument)
    .argument("<name>", "[HOST[:PORT]/]PATH[:TAG], the path in lower case (default tag: latest)")
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption)
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore tag b750 web:1.2
  $ stevedore tag web:1.2 registry.example.com:5000/team/web`,
    )
    .action(
      action<TagFlags>(async (context, { detach }, id: string, name: string) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const data = parseJobData("tag", { id, name });
        const { runOrDetach } = await import("../../run-jobs.js");
        const result = await runOrDetach(context, { name: "tag", data }, { detach, label: name });
        if (result === undefined) return;
        if (result.previous !== null) context.tell(`${result.name} was the name of ${result.previous}`);
        context.print(result, [result.name]);
      }),
    );
}
