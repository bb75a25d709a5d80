// stevedore pull REF: an image of a registry comes into the graph.
import type { Command } from "commander";
import type { JobResult } from "../../../jobs/index.js";
import { formatBytes } from "../../../terms/index.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import {
  addDownloadFlags,
  addPrivateAddressesFlag,
  addRegistryFlags,
  type DownloadFlags,
  type RegistryFlags,
} from "../../registry-flags.js";
import { action, type CommandContext } from "../../run-command.js";
import { addImportFlags, type ImportFlags } from "../../worker-flags.js";

interface PullFlags extends ImportFlags, RegistryFlags, DownloadFlags {
  readonly platform?: string;
  readonly allPlatforms?: boolean;
  readonly name?: string;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("pull")
    .description("pull an image from a registry, and print its id and name")
    .argument("<ref>", "the image as Docker names it: [HOST[:PORT]/]PATH[:TAG][@sha256:HEX]")
    .option(
      "--platform <platform>",
      "of several images the one for os/architecture[/variant] (default: the worker's)",
    )
    .option("--all-platforms", "take the images of all platforms")
    .option(
      "--name <name>",
      "a repository to name the image by instead of its own, or with a tag the whole name",
    )
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption);
  addDownloadFlags(addPrivateAddressesFlag(addRegistryFlags(addImportFlags(command))))
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore pull busybox
  $ stevedore pull registry.example:5000/team/web:1.2 --platform linux/arm64 --name web:1.2

A worker that serves others pulls from hosts of its --allow-registry alone, with the credentials of its --registry-auth.`,
    )
    .action(action<PullFlags>(pull));
}

async function pull(context: CommandContext, flags: PullFlags, ref: string): Promise<void> {
  const { platform, allPlatforms, name, detach = false } = flags;
  const { parseJobData } = await import("../../../jobs/index.js");
  const data = parseJobData("pull", {
    ref,
    ...(platform === undefined ? {} : { platform }),
    ...(allPlatforms === undefined ? {} : { allPlatforms }),
    ...(name === undefined ? {} : { name }),
  });
  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJob } = await import("../../run-jobs.js");
  const { ownWork, warnUnheededRegistries } = await import("./own-work.js");
  const { warnUnheeded } = await import("../stored-image.js");
  const work = detach ? undefined : await ownWork(flags, ref);
  await using session = await openQueueSession(context, { work, makeRoot: true });
  warnUnheeded(session, flags, context);
  warnUnheededRegistries(session, flags, context);
  if (detach) {
    const enqueued = await session.producer.enqueue("pull", data, context.jobOptions);
    return context.print(enqueued, [enqueued.id]);
  }
  const result = await runJob(session, { name: "pull", data }, context, ref);
  const { printAdded } = await import("../added-images.js");
  context.tell(whatCame(result));
  printAdded(context, result);
}

function whatCame({ ref, digest, layersAdded, layersPresent, bytesFetched }: JobResult<"pull">): string {
  const named = ref.includes("@") ? ref : `${ref}@${digest}`;
  return `${named}: layers fetched: ${layersAdded}, here before: ${layersPresent}; ${formatBytes(bytesFetched)} in all`;
}
