// What the commands about many images have in common: the choice of the images, a job for each, and the failures.
import type { Command } from "commander";
import type { BatchChildName, CheckedJobData, JobData, JobResult } from "../../../jobs/index.js";
import { JobError } from "../../../jobs/index.js";
import type { NewJob } from "../../../producer/index.js";
import { type CommandContext, ReportedFailure, wrongUsage } from "../../run-command.js";
import { addThreadFlags, type ThreadFlags, workerOptions } from "../../worker-flags.js";

/** The flags of these commands. */
export interface ImageFlags extends ThreadFlags {
  readonly all?: boolean;
  readonly detach?: boolean;
}

/** An image without a result, and why. */
export interface FailedImage {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** The outcome for the images that were asked for. */
interface ImageResults<Name extends BatchChildName> {
  readonly results: JobResult<Name>[];
  /** Images whose job failed, or could not be enqueued. */
  readonly failed: FailedImage[];
}

/** Adds the argument and the flags; `own` adds the command's own flags between them. */
export function addImageFlags(command: Command, own: (command: Command) => Command): Command {
  command
    .argument("[id...]", "images: ids, names, or unique prefixes of ids")
    .option("--all", "every image of the graph");
  return addThreadFlags(
    own(command).option(
      "--detach",
      "print the jobs' ids and return; of --all it is one job for the whole graph",
    ),
  );
}

/**
 * Runs a job for each image that is named, or for all images with `all`. A failure does not affect the other jobs.
 * @param options the data of the jobs, without the id
 * @returns undefined if the jobs were detached: then their ids were printed
 * @throws `INVALID_OPTION`; as `parseJobData` for wrong options; as `runJobs`
 */
export async function runForImages<Name extends BatchChildName>(
  context: CommandContext,
  name: Name,
  { all = false, detach = false, ...threads }: ImageFlags,
  references: readonly string[],
  options: Omit<JobData<Name>, "id">,
): Promise<ImageResults<Name> | undefined> {
  if (all === references.length > 0) throw wrongUsage("name images by their ids, or all of them with --all");
  const { parseJobData } = await import("../../../jobs/index.js");
  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJobs, runOrDetach, withNotify } = await import("../../run-jobs.js");

  if (all && detach) {
    const whole = `${name}-graph` as const;
    const job = { name: whole, data: parseJobData(whole, options) } as unknown as NewJob<typeof whole>;
    await runOrDetach(context, job, { detach, label: "all images" });
    return undefined;
  }
  const failed: FailedImage[] = [];
  const images = all ? await everyImage(context.config.root, failed) : undefined;
  const ids = images?.map(({ id }) => id) ?? references;
  const jobs = ids.flatMap((id) => {
    try {
      const data: CheckedJobData<Name> = parseJobData(name, { id, ...options });
      return [{ name, data } as unknown as NewJob<Name>];
    } catch (error) {
      // An id that is not valid fails for itself; a wrong option fails all jobs.
      if (!(error instanceof JobError) || error.code !== "INVALID_ID") throw error;
      failed.push({ id, code: error.code, message: error.message });
      return [];
    }
  });

  const results: JobResult<Name>[] = [];
  if (jobs.length === 0) return { results, failed };
  await using session = await openQueueSession(context, {
    work: detach ? undefined : workerOptions(threads),
  });
  if (detach) {
    const enqueued = await session.producer.enqueueAll(withNotify(jobs, context));
    context.print(
      enqueued,
      enqueued.map(({ id }) => id),
    );
    return undefined;
  }
  const sizes = new Map(images?.map(({ id, layerBytes }) => [id, layerBytes]));
  const describe = ({ data: { id } }: (typeof jobs)[number]) => ({ label: id, bytes: sizes.get(id) });
  const outcomes = await runJobs(session, jobs, context, describe);
  for (const [index, outcome] of outcomes.entries()) {
    if ("result" in outcome) results.push(outcome.result);
    else {
      const { code, message } = outcome.error;
      failed.push({ id: jobs[index]?.data.id ?? "", code, message });
    }
  }
  if (all) results.sort((one, other) => (one.id < other.id ? -1 : 1));
  return { results, failed };
}

/** Reports failed images on stderr, after the result was printed. @throws `ReportedFailure` if there are any */
export function tellFailed(failed: readonly FailedImage[], { warn }: CommandContext): void {
  for (const { code, message } of failed) warn(`${code}: ${message}`);
  if (failed.length > 0) throw new ReportedFailure();
}

/**
 * All images, the largest layers first, so that none of them is left alone at the end. Broken images are added to `failed`.
 */
async function everyImage(
  root: string,
  failed: FailedImage[],
): Promise<{ readonly id: string; readonly layerBytes: number }[]> {
  const { openGraph } = await import("../../../graph/index.js");
  const graph = await openGraph(root);
  const images: { readonly id: string; readonly layerBytes: number }[] = [];
  for await (const { image, broken } of graph.list()) {
    if (broken !== undefined) failed.push(broken);
    else images.push({ id: image.id, layerBytes: (await graph.layerFacts(image.id)).layerBytes });
  }
  return images.sort((one, other) => other.layerBytes - one.layerBytes);
}
