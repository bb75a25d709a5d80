// stevedore rm ID: deletes an image.
import type { Command } from "commander";
import { confirm, type YesFlag, yesOption } from "../../asking/index.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";

interface RemoveFlags extends YesFlag {
  readonly force?: boolean;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  program
    .command("rm")
    .description("delete an image and print its id")
    .argument("<id>", imageArgument)
    .option("--force", "even if other images build on it")
    .addOption(yesOption)
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption)
    .addHelpText("after", "\nOn a terminal it asks first.\n\nExample:\n  $ stevedore rm 0896")
    .action(
      action<RemoveFlags>(async (context, { force, detach, yes }, reference: string) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const named = parseJobData("delete", { id: reference, ...(force ? { force } : {}) });
        let id = reference;
        await confirm(context, { yes }, async () => {
          const { describeImage } = await import("./described-image.js");
          const image = await describeImage(context.config, reference);
          // What was shown is what is deleted, whatever the reference means by then.
          id = image?.id ?? reference;
          if (image === undefined) return context.config.redis && `delete the image ${reference}`;
          const { children, text } = image;
          const builds = children === 1 ? "1 image builds" : `${children} images build`;
          return `delete ${text}${children === 0 ? "" : `, on which ${builds}`}`;
        });
        const data = { ...named, id };
        const { runOrDetach } = await import("../../run-jobs.js");
        const result = await runOrDetach(context, { name: "delete", data }, { detach, label: id });
        if (result !== undefined) context.print(result, [result.id]);
      }),
    );
}
