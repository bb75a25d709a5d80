// stevedore push IMAGE REF: an image goes to a registry.
import { type Command, Option } from "commander";
import type { JobResult } from "../../../jobs/index.js";
import { formatBytes, manifestFormats, pushCompressions } from "../../../terms/index.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import {
  addDownloadFlags,
  addPrivateAddressesFlag,
  addRegistryFlags,
  type DownloadFlags,
  type RegistryFlags,
} from "../../registry-flags.js";
import { action, type CommandContext } from "../../run-command.js";
import { addThreadFlags, type ThreadFlags } from "../../worker-flags.js";
import { imageArgument } from "../image-argument.js";

interface PushFlags extends ThreadFlags, RegistryFlags, DownloadFlags {
  readonly compress?: (typeof pushCompressions)[number];
  readonly format?: (typeof manifestFormats)[number];
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("push")
    .description("push an image to a registry, and print the digest of its manifest")
    .argument("<image>", imageArgument)
    .argument("<ref>", "where to, as Docker names it: [HOST[:PORT]/]PATH[:TAG]")
    .addOption(
      new Option(
        "--compress <how>",
        "how layers are compressed (default: as they came, else by gzip)",
      ).choices(pushCompressions),
    )
    .addOption(
      new Option(
        "--format <format>",
        "the kind of manifest (default: its own for an image that was pulled, else oci)",
      ).choices(manifestFormats),
    )
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption);
  addDownloadFlags(addPrivateAddressesFlag(addRegistryFlags(addThreadFlags(command))))
    .addHelpText(
      "after",
      `
Example:
  $ stevedore push web:1.2 registry.example:5000/team/web:1.2

A worker that serves others pushes to hosts of its --allow-registry alone, with the credentials of its --registry-auth.`,
    )
    .action(action<PushFlags>(push));
}

async function push(context: CommandContext, flags: PushFlags, image: string, ref: string): Promise<void> {
  const { compress, format, detach = false } = flags;
  const { parseJobData } = await import("../../../jobs/index.js");
  const data = parseJobData("push", {
    image,
    ref,
    ...(compress === undefined ? {} : { compress }),
    ...(format === undefined ? {} : { format }),
  });
  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJob } = await import("../../run-jobs.js");
  const { ownWork, warnUnheededRegistries } = await import("./own-work.js");
  await using session = await openQueueSession(context, {
    work: detach ? undefined : await ownWork(flags, ref),
  });
  warnUnheededRegistries(session, flags, context);
  if (detach) {
    const enqueued = await session.producer.enqueue("push", data, context.jobOptions);
    return context.print(enqueued, [enqueued.id]);
  }
  const result = await runJob(session, { name: "push", data }, context, `${image} -> ${ref}`);
  context.tell(whatWent(result));
  context.print(result, [`${result.digest}  ${result.ref}`]);
}

function whatWent({ ref, bytesSent, blobsSent, blobsPresent, blobsMounted }: JobResult<"push">): string {
  const from = blobsMounted === 0 ? "" : `, mounted: ${blobsMounted}`;
  return `${ref}: blobs sent: ${blobsSent}, there before: ${blobsPresent}${from}; ${formatBytes(bytesSent)} in all`;
}
