// stevedore mount ID [TARGET]: an image with its ancestors as one directory.
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { JobData } from "../../../jobs/index.js";
import { mountOptionNames } from "../../../jobs/index.js";
import { mountDriverNames } from "../../../terms/index.js";
import { action, type CommandContext } from "../../run-command.js";
import {
  addHostFlag,
  addMountFlag,
  type HostFlag,
  type MountDirectoryFlag,
  ofHost,
  workerOptions,
} from "../../worker-flags.js";
import { imageArgument } from "../image-argument.js";

interface MountFlags extends MountDirectoryFlag, HostFlag {
  readonly readOnly?: boolean;
  readonly driver?: (typeof mountDriverNames)[number] | "auto";
  readonly options?: string;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("mount")
    .description("mount an image with its ancestors as one directory, and print that")
    .argument("<id>", imageArgument)
    .argument("[target]", "an empty directory below --mount-dir, made if missing (default: a new one)")
    .option("--read-only", "take no writes")
    .addOption(
      new Option("--driver <driver>", "how to mount (default: auto, the first that works here)").choices([
        "auto",
        ...mountDriverNames,
      ]),
    )
    .option(
      "-o, --options <list>",
      `separated by commas, after the defaults nodev,nosuid: ${mountOptionNames.join(", ")}`,
    )
    .option("--detach", "print the job's id and return");
  addHostFlag(addMountFlag(command), "the host that is to mount it (default: whichever takes the job)")
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore mount b750
  $ stevedore mount b750 /mnt/images/web --mount-dir /mnt/images --read-only
  $ stevedore mount b750 --host web3 --redis redis://queue.example:6379`,
    )
    .action(action<MountFlags>(mount));
}

async function mount(context: CommandContext, flags: MountFlags, id: string, target?: string): Promise<void> {
  const { print, warn } = context;
  const { parseJobData } = await import("../../../jobs/index.js");
  const { readOnly, driver, options, detach, mountDir } = flags;
  const data = parseJobData("mount", {
    id,
    ...(target === undefined ? {} : { target: resolve(target) }),
    ...(readOnly ? { readOnly } : {}),
    ...ofHost(flags),
    ...(driver === undefined ? {} : { driver }),
    // Whether they are options is for the contract to say.
    ...(options === undefined ? {} : { options: options.split(",") as JobData<"mount">["options"] }),
  });
  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJob } = await import("../../run-jobs.js");
  await using session = await openQueueSession(context, { work: detach ? undefined : workerOptions(flags) });
  if (!session.ownWorker && mountDir !== undefined) {
    warn("--mount-dir is not heeded: a worker that runs already has its own");
  }
  if (detach) {
    const enqueued = await session.producer.enqueue("mount", data, { notify: context.notify });
    return print(enqueued, [enqueued.id]);
  }
  const result = await runJob(session, { name: "mount", data }, context, id);
  print(result, [result.target]);
}
