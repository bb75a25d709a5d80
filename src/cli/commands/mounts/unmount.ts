// stevedore unmount M: a mount ends.
import type { Command } from "commander";
import { confirm, type YesFlag, yesOption } from "../../asking/index.js";
import type { Config } from "../../config.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action } from "../../run-command.js";
import { addHostFlag, type HostFlag, ofHost } from "../../worker-flags.js";
import { mountArgument, readMountArgument } from "./mount-argument.js";

interface UnmountFlags extends HostFlag, YesFlag {
  readonly keepUpper?: boolean;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("unmount")
    .description("end a mount, remove its directory, and print its id")
    .argument("<mount>", mountArgument)
    .option("--keep-upper", "leave what was written to it, for changes and commit, and print where")
    .addOption(yesOption)
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption);
  addHostFlag(
    command,
    "the host that has it, where the path is that of several (default: the one that has it)",
  )
    .addHelpText(
      "after",
      `
On a terminal it asks if something was written to the mount, which is deleted with it.

Examples:
  $ stevedore unmount 5d1f
  $ stevedore unmount /mnt/images/web --keep-upper`,
    )
    .action(
      action<UnmountFlags>(async (context, flags, mount: string) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const { keepUpper, detach, yes } = flags;
        const named = { ...readMountArgument(mount), ...ofHost(flags), ...(keepUpper ? { keepUpper } : {}) };
        const data = parseJobData("unmount", named);
        if (!keepUpper) {
          const question = () => questionOf(context.config, mount, flags);
          await confirm(context, { yes }, question, "nothing was unmounted");
        }
        const { runOrDetach } = await import("../../run-jobs.js");
        const result = await runOrDetach(context, { name: "unmount", data }, { detach, label: mount });
        if (result !== undefined) context.print(result, [result.upper ?? result.mountId]);
      }),
    );
}

/** Tells what would be lost; undefined if that is nothing, or there is no such mount. */
async function questionOf(config: Config, mount: string, flags: HostFlag): Promise<string | undefined> {
  const { openGraph } = await import("../../../graph/index.js");
  const { openMounts } = await import("../../../mount/index.js");
  const { StevedoreError } = await import("../../../terms/index.js");
  const named = readMountArgument(mount);
  const reference = "mountId" in named ? named.mountId : named.target;
  try {
    const mounts = openMounts(await openGraph(config.root, { host: config.host }));
    const { mountId, upper } = mounts.find(reference, ofHost(flags).host);
    if (upper === undefined) return undefined;
    // A driver that keeps no account of changes, and another host, do not tell how many there are.
    const changes = await mounts.changes(mountId).catch(() => undefined);
    if (changes?.length === 0) return undefined;
    const count =
      changes === undefined
        ? "what was changed"
        : `${changes.length} change${changes.length === 1 ? "" : "s"}`;
    return `unmount ${mountId} and delete ${count} in it (--keep-upper keeps them)`;
  } catch (error) {
    if (error instanceof StevedoreError) return undefined;
    throw error;
  }
}
