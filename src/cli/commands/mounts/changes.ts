// stevedore changes M: what was changed in a mount.
import type { Command } from "commander";
import { action } from "../../run-command.js";
import { formatText } from "../../terminal/index.js";
import { addHostFlag, type HostFlag, ofHost } from "../../worker-flags.js";
import { mountArgument, readMountArgument } from "./mount-argument.js";

/** As `docker diff` writes them. */
const letters = { modify: "C", add: "A", delete: "D" } as const;

export function declare(program: Command): void {
  const command = program
    .command("changes")
    .description("list what was changed in a mount: A added, C changed, D deleted")
    .argument("<mount>", mountArgument);
  addHostFlag(
    command,
    "the host that has it, where the path is that of several (default: the one that has it)",
  )
    .addHelpText("after", "\nExample:\n  $ stevedore changes 5d1f")
    .action(
      action<HostFlag>(async (context, flags, mount: string) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const data = parseJobData("changes", { ...readMountArgument(mount), ...ofHost(flags) });
        const { runOrDetach } = await import("../../run-jobs.js");
        const result = await runOrDetach(context, { name: "changes", data }, { label: mount });
        if (result === undefined) return;
        context.print(
          result,
          result.changes.map(({ kind, path }) => `${letters[kind]} ${formatText(path)}`),
        );
      }),
    );
}
