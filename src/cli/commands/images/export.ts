// stevedore export ID…: images become an archive that docker load, skopeo and others read.
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { imageFormats, layerCompressions } from "../../../terms/index.js";
import { action, type CommandContext, wrongUsage } from "../../run-command.js";
import { addThreadFlags, type ThreadFlags, workerOptions } from "../../worker-flags.js";

interface ExportFlags extends ThreadFlags {
  readonly output?: string;
  readonly format: (typeof imageFormats)[number];
  readonly compress?: (typeof layerCompressions)[number];
  readonly canonical?: boolean;
  readonly force?: boolean;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("export")
    .description(
      "write images with all their layers and names as an archive for docker load, skopeo, podman …",
    )
    .argument("<id...>", "images: ids, unique prefixes of them, or names")
    .option("-o, --output <file>", "the archive, or - for stdout")
    .addOption(
      new Option(
        "--format <format>",
        "docker: as docker save writes it; docker-legacy: as it did before Docker 1.10; oci: an OCI image layout (default: docker)",
      ).choices(imageFormats),
    )
    .addOption(
      new Option("--compress <how>", "how layers are compressed (default: gzip for oci, else none)").choices(
        layerCompressions,
      ),
    )
    .option("--canonical", "write imported layers as their canonical tars, not as they came")
    .option("--force", "replace a file that is there")
    .option("--detach", "print the job's id and return: the archive stays in <root>/outbox");
  addThreadFlags(command)
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore export web:1.0 -o web.tar
  $ stevedore export web:1.0 -o - | docker load
  $ stevedore export b750 0896 --format oci --compress zstd -o images.oci.tar`,
    )
    .action(action<ExportFlags>(exportImages));
}

async function exportImages(context: CommandContext, flags: ExportFlags, ids: string[]): Promise<void> {
  const { print, signal, json } = context;
  const { output, format = "docker", compress, canonical, force = false, detach = false } = flags;
  if (output === undefined && !detach) throw wrongUsage("say where to with -o FILE, or -o - for stdout");
  if (output !== undefined && detach) throw wrongUsage("a detached export stays in the outbox: leave out -o");
  if (output === "-" && json) throw wrongUsage("stdout is for the archive: leave out --json");
  const { parseJobData } = await import("../../../jobs/index.js");
  const data = parseJobData("export", {
    ids,
    format,
    ...(compress === undefined ? {} : { compress }),
    ...(canonical === undefined ? {} : { canonical }),
  });
  const { assertDestination, fetchExport } = await import("./fetch-export.js");
  if (output !== undefined) await assertDestination({ output, force });

  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJob } = await import("../../run-jobs.js");
  await using session = await openQueueSession(context, { work: detach ? undefined : workerOptions(flags) });
  const job = { name: "export", data } as const;
  if (output === undefined) {
    const enqueued = await session.producer.enqueue(job.name, job.data, { notify: context.notify });
    return print(enqueued, [enqueued.id]);
  }
  const result = await runJob(session, job, context, ids.join(" "));
  await fetchExport(result.path, { output, force }, signal);
  if (output === "-") return;
  print({ ...result, path: resolve(output) }, [`${result.digest}  ${output}`]);
}
