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
        const { print } = context;
        const { parseJobData } = await import("../../jobs/contract.js");
        const named = { ...readMountArgument(mount), ...(keepUpper ? { keepUpper } : {}) };
        const data = parseJobData("unmount", named);
        const { openQueueSession } = await import("../queue-session.js");
        const { runJob } = await import("../run-jobs.js");
        await using session = await openQueueSession(context, { work: detach ? undefined : {} });
        if (detach) {
          const enqueued = await session.producer.enqueue("unmount", data);
          return print(enqueued, [enqueued.id]);
        }
        const result = await runJob(session, { name: "unmount", data }, context, mount);
        print(result, [result.upper ?? result.mountId]);
      }),
    );
}
