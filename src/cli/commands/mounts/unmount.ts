// stevedore unmount M: a mount ends.
import type { Command } from "commander";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action } from "../../run-command.js";
import { addHostFlag, type HostFlag, ofHost } from "../../worker-flags.js";
import { mountArgument, readMountArgument } from "./mount-argument.js";

interface UnmountFlags extends HostFlag {
  readonly keepUpper?: boolean;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("unmount")
    .description("end a mount, remove its directory, and print its id")
    .argument("<mount>", mountArgument)
    .option("--keep-upper", "leave what was written to it, for changes and commit, and print where")
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption);
  addHostFlag(
    command,
    "the host that has it, where the path is that of several (default: the one that has it)",
  )
    .addHelpText("after", "\nExamples:\n  $ stevedore unmount 5d1f\n  $ stevedore unmount /mnt/images/web")
    .action(
      action<UnmountFlags>(async (context, flags, mount: string) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const { keepUpper, detach } = flags;
        const named = { ...readMountArgument(mount), ...ofHost(flags), ...(keepUpper ? { keepUpper } : {}) };
        const data = parseJobData("unmount", named);
        const { runOrDetach } = await import("../../run-jobs.js");
        const result = await runOrDetach(context, { name: "unmount", data }, { detach, label: mount });
        if (result !== undefined) context.print(result, [result.upper ?? result.mountId]);
      }),
    );
}
