// stevedore rm ID: deletes an image.
import type { Command } from "commander";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";

interface RemoveFlags {
  readonly force?: boolean;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  program
    .command("rm")
    .description("delete an image and print its id")
    .argument("<id>", imageArgument)
    .option("--force", "even if other images build on it")
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption)
    .addHelpText("after", "\nExample:\n  $ stevedore rm 0896")
    .action(
      action<RemoveFlags>(async (context, { force, detach }, id: string) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const data = parseJobData("delete", { id, ...(force ? { force } : {}) });
        const { runOrDetach } = await import("../../run-jobs.js");
        const result = await runOrDetach(context, { name: "delete", data }, { detach, label: id });
        if (result !== undefined) context.print(result, [result.id]);
      }),
    );
}
