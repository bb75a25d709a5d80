// stevedore import FILE|DIR|-: the images of a docker-archive or an OCI layout come into the graph.

import type { Command } from "commander";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action, type CommandContext } from "../../run-command.js";
import { addImportFlags, type ImportFlags } from "../../worker-flags.js";
import { printAdded } from "../added-images.js";
import { archiveCompressions } from "./archive-argument.js";
import { runSourceJob } from "./source-job.js";

interface Flags extends ImportFlags {
  readonly platform?: string;
  readonly name?: string;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("import")
    .description("import the images of a docker-archive or an OCI layout, and print their ids and names")
    .argument("<source>", `an archive (plain or ${archiveCompressions}), a directory, or - for stdin`)
    .option(
      "--platform <platform>",
      "of several images the one for os/architecture[/variant] (default: the worker's)",
    )
    .option(
      "--name <name>",
      "a repository to name the images by instead of their own, or with a tag the name of the only one",
    )
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption);
  addImportFlags(command)
    .addHelpText(
      "after",
      `
Examples:
  $ docker save web:1.2 | stevedore import -
  $ stevedore import layout/ --name web --platform linux/arm64`,
    )
    .action(action<Flags>(importImages));
}

async function importImages(context: CommandContext, flags: Flags, source: string): Promise<void> {
  const { platform, name } = flags;
  await runSourceJob(context, flags, source, {
    name: "import",
    dataFor: (upload) => ({
      ...(platform === undefined ? {} : { platform }),
      ...(name === undefined ? {} : { name }),
      source: { upload },
    }),
    show(result) {
      printAdded(context, result);
    },
  });
}
