// stevedore unmount M: a mount ends.
import type { Command } from "commander";
import { mountArgument, readMountArgument } from "../mount-argument.js";
import { action } from "../run-command.js";

interface UnmountFlags {
  readonly keepUpper?: boolean;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  program
    .command("unmount")
    .description("end a mount, remove its directory, and print its id")
    .argument("<mount>", mountArgument)
    .option("--keep-upper", "leave what was written to it, for changes and commit, and print where")
    .option("--detach", "print the job's id and return")
    .addHelpText("after", "\nExamples:\n  $ stevedore unmount 5d1f\n  $ stevedore unmount /mnt/images/web")
    .action(
      action<UnmountFlags>(async (context, { keepUpper, detach }, mount: string) => {
        const { parseJobData } = await import("../../jobs/contract.js");
        const named = { ...readMountArgument(mount), ...(keepUpper ? { keepUpper } : {}) };
        const data = parseJobData("unmount", named);
        const { runOrDetach } = await import("../run-jobs.js");
        const result = await runOrDetach(context, { name: "unmount", data }, { detach, label: mount });
        if (result !== undefined) context.print(result, [result.upper ?? result.mountId]);
      }),
    );
}
