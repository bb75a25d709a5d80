// stevedore import FILE|DIR|-: the images of a docker-archive or an OCI layout come into the graph.
import type { Command } from "commander";
import type { JobResult } from "../../jobs/contract.js";
import { action, type CommandContext } from "../run-command.js";
import { addImportFlags, type ImportFlags, workerOptions } from "../worker-flags.js";

interface Flags extends ImportFlags {
  readonly platform?: string;
  readonly name?: string;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("import")
    .description("import the images of a docker-archive or an OCI layout, and print their ids and names")
    .argument("<source>", "an archive (plain or gzip, bzip2, xz, zstd), a directory, or - for stdin")
    .option(
      "--platform <platform>",
      "of several images the one for os/architecture[/variant] (default: the worker's)",
    )
    .option(
      "--name <name>",
      "a repository to name the images by instead of their own, or with a tag the name of the only one",
    )
    .option("--detach", "print the job's id and return");
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
  const { config, print, signal, tell } = context;
  const { platform, name } = flags;
  const { parseJobData } = await import("../../jobs/contract.js");
  const given = {
    ...(platform === undefined ? {} : { platform }),
    ...(name === undefined ? {} : { name }),
  };
  // Before anything is copied or started.
  parseJobData("import", { ...given, source: { upload: "checked-before-it-is-made" } });

  const { upload } = await import("../upload.js");
  const { openQueueSession } = await import("../queue-session.js");
  const { runJob } = await import("../run-jobs.js");
  const { aboutSource, warnUnheeded } = await import("../stored-image.js");
  await using uploaded = await upload(source, config.root, signal);
  const work = flags.detach ? undefined : workerOptions(flags);
  await using session = await openQueueSession(context, { work, makeRoot: true });
  warnUnheeded(session, flags, context);
  const job = { name: "import", data: { ...given, source: { upload: uploaded.name } } } as const;
  if (flags.detach) {
    const enqueued = await session.producer.enqueue(job.name, job.data);
    uploaded.leave();
    return print(enqueued, [enqueued.id]);
  }
  const result = await runJob(session, job, context, source).catch((error: unknown) => {
    throw aboutSource(error, source);
  });
  for (const { name: moved, previous } of result.moved) tell(`${moved} was the name of ${previous}`);
  print(result, result.images.map(lineOf));
}

function lineOf({ id, names }: JobResult<"import">["images"][number]): string {
  return [id, ...names].join("  ");
}
