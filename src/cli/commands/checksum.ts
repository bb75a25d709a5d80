// stevedore checksum ID… | --all: the fingerprint of images, the stored one where there is one.
import type { Command } from "commander";
import type { JobResult } from "../../jobs/contract.js";
import { JobError } from "../../jobs/error.js";
import { defaultRecipe, recipeNames } from "../../jobs/fields.js";
import { action, type CommandContext, ReportedFailure, UsageError } from "../run-command.js";
import { addThreadFlags, type ThreadFlags, workerOptions } from "../worker-flags.js";

interface ChecksumFlags extends ThreadFlags {
  readonly all?: boolean;
  readonly recipe?: string;
  readonly force?: boolean;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("checksum")
    .description("compute the checksums of images, or return the stored ones")
    .argument("[id...]", "image ids or unique prefixes of them")
    .option("--all", "every image of the graph")
    .option(
      "--recipe <recipe>",
      `how the layer becomes bytes: ${recipeNames.join(", ")} (default: ${defaultRecipe})`,
    )
    .option("--force", "compute it even if one is stored")
    .option("--detach", "print the jobs' ids and return; of --all it is one job for the whole graph");
  addThreadFlags(command)
    .addHelpText(
      "after",
      `
Anyone can check the result in the image's directory (stevedore inspect ID prints the line for its path):
  { cat json; echo; tar … | xz …; } | sha256sum

Examples:
  $ stevedore checksum 27cf
  $ stevedore checksum --all --root /var/lib/docker --json`,
    )
    .action(action<ChecksumFlags>(checksum));
}

/** An image whose checksum there is none of, and why. */
interface Failed {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

async function checksum(context: CommandContext, flags: ChecksumFlags, references: string[]): Promise<void> {
  const { config, print, warn } = context;
  if ((flags.all ?? false) === references.length > 0)
    throw new UsageError("name images by their ids, or all of them with --all");
  const { parseJobData } = await import("../../jobs/contract.js");
  const { openQueueSession } = await import("../queue-session.js");
  const { runJobs } = await import("../run-jobs.js");

  if (flags.all && flags.detach) return enqueueWhole(context, flags);
  const failed: Failed[] = [];
  const ids = flags.all ? await everyImage(config.root, failed) : references;
  const options = {
    ...(flags.recipe === undefined ? {} : { recipe: flags.recipe as "xz-6" }),
    ...(flags.force ? { force: true } : {}),
  };
  const jobs = ids.flatMap((id) => {
    try {
      return [{ name: "checksum" as const, data: parseJobData("checksum", { id, ...options }) }];
    } catch (error) {
      // A name that no image can have fails alone; a recipe that does not exist fails them all.
      if (!(error instanceof JobError) || error.code !== "INVALID_ID") throw error;
      failed.push({ id, code: error.code, message: error.message });
      return [];
    }
  });

  const checksums: JobResult<"checksum">[] = [];
  if (jobs.length > 0) {
    const work = flags.detach ? undefined : workerOptions(flags);
    await using session = await openQueueSession(context, { work });
    if (flags.detach) {
      const enqueued = await session.producer.enqueueAll(jobs);
      return print(
        enqueued,
        enqueued.map(({ id }) => id),
      );
    }
    const outcomes = await runJobs(session, jobs, context, ({ data }) => data.id);
    for (const [index, outcome] of outcomes.entries()) {
      if ("result" in outcome) checksums.push(outcome.result);
      else {
        const { code, message } = outcome.error;
        failed.push({ id: jobs[index]?.data.id ?? "", code, message });
      }
    }
  }
  if (flags.all) checksums.sort((one, other) => (one.id < other.id ? -1 : 1));
  print(
    { checksums, failed },
    checksums.map((result) => `${result.checksum}  ${result.id}`),
  );
  for (const { code, message } of failed) warn(`${code}: ${message}`);
  if (failed.length > 0) throw new ReportedFailure();
}

/** Leaves the whole graph to one job, which lists it when a worker takes it up. */
async function enqueueWhole(context: CommandContext, { recipe, force }: ChecksumFlags): Promise<void> {
  const { parseJobData } = await import("../../jobs/contract.js");
  const { runOrDetach } = await import("../run-jobs.js");
  const data = parseJobData("checksum-graph", {
    ...(recipe === undefined ? {} : { recipe }),
    ...(force ? { force } : {}),
  });
  await runOrDetach(context, { name: "checksum-graph", data }, { detach: true, label: "all images" });
}

/**
 * The ids of all images, those of the largest layers first, so that none of them is left alone at the end. Images that
 * are broken are failures.
 */
async function everyImage(root: string, failed: Failed[]): Promise<string[]> {
  const { openGraph } = await import("../../graph/index.js");
  const graph = await openGraph(root);
  const images: { readonly id: string; readonly layerBytes: number }[] = [];
  for await (const { image, broken } of graph.list()) {
    if (broken !== undefined) failed.push(broken);
    else images.push({ id: image.id, layerBytes: (await graph.layerFacts(image.id)).layerBytes });
  }
  return images.sort((one, other) => other.layerBytes - one.layerBytes).map(({ id }) => id);
}
