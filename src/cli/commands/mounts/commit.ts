// stevedore commit M: what was written to a mount becomes an image.
import type { Command } from "commander";
import type { JobData } from "../../../jobs/index.js";
import { recipeNames } from "../../../terms/index.js";
import { action, type CommandContext } from "../../run-command.js";
import {
  addHostFlag,
  addLayerFlags,
  type HostFlag,
  type LayerFlags,
  ofHost,
  workerOptions,
} from "../../worker-flags.js";
import { mountArgument, readMountArgument } from "./mount-argument.js";

interface CommitFlags extends LayerFlags, HostFlag {
  readonly id?: string;
  readonly comment?: string;
  readonly author?: string;
  readonly created?: string;
  readonly name?: string;
  readonly checksum?: string;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("commit")
    .description("make an image of what was written to a mount, on top of the mounted one, and print its id")
    .argument("<mount>", mountArgument)
    .option("--id <id>", "the image's id (default: 64 random hex characters)")
    .option("--comment <text>", "a comment for the record")
    .option("--author <text>", "an author for the record")
    .option("--created <time>", "the record's time, RFC 3339 (default: now)")
    .option("--name <name>", "a name for the image, set together with it; another image that had it loses it")
    .option("--checksum <recipe>", `also compute a checksum: ${recipeNames.join(", ")}`)
    .option("--detach", "print the job's id and return");
  addHostFlag(
    addLayerFlags(command),
    "the host that has it, where the path is that of several (default: the one that has it)",
  )
    .addHelpText(
      "after",
      '\nExample:\n  $ stevedore commit 5d1f --comment "with the patch" --name web:patched',
    )
    .action(action<CommitFlags>(commit));
}

async function commit(context: CommandContext, flags: CommitFlags, mount: string): Promise<void> {
  const { print } = context;
  const { parseJobData } = await import("../../../jobs/index.js");
  const { id, comment, author, created, name, checksum, detach } = flags;
  const image = Object.fromEntries(
    Object.entries({ id, comment, author, created }).filter(([, value]) => value !== undefined),
  );
  const data = parseJobData("commit", {
    ...readMountArgument(mount),
    ...ofHost(flags),
    image,
    ...(name === undefined ? {} : { name }),
    // Whether it names a recipe is for the contract to say, with its own code.
    ...(checksum === undefined ? {} : { checksum }),
  }) as JobData<"commit">;
  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJob } = await import("../../run-jobs.js");
  const { checksumStored, tellMoved, warnUnheeded } = await import("../stored-image.js");
  await using session = await openQueueSession(context, { work: detach ? undefined : workerOptions(flags) });
  warnUnheeded(session, flags, context);
  if (detach) {
    const enqueued = await session.producer.enqueue("commit", data, { notify: context.notify });
    return print(enqueued, [enqueued.id]);
  }
  const result = await runJob(session, { name: "commit", data }, context, mount);
  tellMoved(result, context);
  print(await checksumStored(session, result, checksum, context), [result.id]);
}
