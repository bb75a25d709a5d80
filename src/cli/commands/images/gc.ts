// stevedore gc: deletes the images that nothing needs.
import type { Command } from "commander";
import type { CheckedJobData, JobResult } from "../../../jobs/index.js";
import { asks, confirm, type YesFlag, yesOption } from "../../asking/index.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { listView } from "../../list-flags.js";
import { action, type CommandContext, duration, wholeNumber } from "../../run-command.js";
import { formatBytes, openTable } from "../../terminal/index.js";

interface GarbageFlags extends YesFlag {
  readonly dryRun?: boolean;
  readonly keep?: number;
  readonly older?: number;
  readonly detach?: boolean;
}

/** Why images are kept, as the summary says it. */
const reasons = {
  broken: "broken",
  children: "parents of others",
  names: "named",
  mounts: "mounted",
  imports: "part of an import",
  newest: "among the newest",
  young: "too young",
  meanwhile: "needed by now",
} as const satisfies Record<keyof JobResult<"gc">["kept"], string>;

/** How many images the question shows. */
const mostShown = 20;

export function declare(program: Command): void {
  program
    .command("gc")
    .description(
      "delete the images that nothing needs: no name, no child, no mount; print their ids and sizes",
    )
    .option("--dry-run", "delete nothing, and print what would be deleted")
    .addOption(yesOption)
    .option(
      "--keep <n>",
      "keep the newest n heads that nothing needs, by when they were stored",
      wholeNumber(0),
    )
    .option("--older <time>", "keep what was stored within that time, such as 90s, 15m, 12h or 30d", duration)
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption)
    .addHelpText(
      "after",
      `
A head without a name is deleted, then its parent may be such a head, and so on. Broken images stay: see
stevedore check. On a terminal it shows what would be deleted, and asks. With --json: {removed: [{id, layerBytes}], more?, layerBytes, blocks?, kept, dryRun, durationMs}.

Examples:
  $ stevedore gc --dry-run
  $ stevedore gc --keep 5 --older 30d`,
    )
    .action(action<GarbageFlags>(collect));
}

async function collect(
  context: CommandContext,
  { dryRun, keep, older, detach, yes }: GarbageFlags,
): Promise<void> {
  const { parseJobData } = await import("../../../jobs/index.js");
  const data = parseJobData("gc", {
    ...(dryRun ? { dryRun } : {}),
    ...(keep === undefined ? {} : { keep }),
    ...(older === undefined ? {} : { olderMs: older }),
  });
  const { runOrDetach } = await import("../../run-jobs.js");
  const isAsked = !dryRun && asks({ yes });
  if (isAsked && detach) {
    await confirm(context, { yes }, async () => "delete, by a job, all images that nothing needs by then");
  }
  const result =
    isAsked && !detach
      ? await collectAfterAsking(context, data)
      : await runOrDetach(context, { name: "gc", data }, { detach, label: "garbage" });
  if (result === undefined) return;
  const { removed, more = 0, layerBytes, blocks, kept } = result;
  context.print(result, tableOf(context, removed));
  const count = removed.length + more;
  const listed = more === 0 ? "" : `, of which ${removed.length} are listed`;
  const verb = result.dryRun ? "would delete" : "deleted";
  context.tell(`${verb} ${count} image${count === 1 ? "" : "s"} of ${formatBytes(layerBytes)}${listed}`);
  if (blocks !== undefined)
    context.tell(`${verb} ${formatBytes(blocks.bytes)} of checksums that were not finished within a day`);
  const stay = Object.entries(reasons).flatMap(([reason, told]) => {
    const images = kept[reason as keyof typeof kept];
    return images === 0 ? [] : [`${images} ${told}`];
  });
  if (stay.length > 0) context.tell(`kept ${stay.join(", ")}`);
}

/** Tells what a dry run finds, and asks, before it deletes that. */
async function collectAfterAsking(
  context: CommandContext,
  data: CheckedJobData<"gc">,
): Promise<JobResult<"gc">> {
  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJob } = await import("../../run-jobs.js");
  await using session = await openQueueSession(context, { work: {} });
  const dryRun = { name: "gc", data: { ...data, dryRun: true } } as const;
  const found = await runJob(session, dryRun, { ...context, jobOptions: {} }, "garbage");
  const { removed, more = 0, layerBytes, blocks } = found;
  const count = removed.length + more;
  if (count === 0 && blocks === undefined) return { ...found, dryRun: false };
  const unseen = count - Math.min(removed.length, mostShown);
  context.warn(
    [
      "nothing needs these:",
      ...tableOf(context, removed.slice(0, mostShown)),
      ...(unseen === 0 ? [] : [`and ${unseen} more: stevedore gc --dry-run lists them`]),
      ...(blocks === undefined
        ? []
        : [`${formatBytes(blocks.bytes)} of checksums that were not finished within a day`]),
    ].join("\n"),
  );
  const images = `${count} image${count === 1 ? "" : "s"} of ${formatBytes(layerBytes)}`;
  await confirm(context, {}, async () =>
    count === 0 ? "delete it" : `delete ${images}${blocks === undefined ? "" : ", and that"}`,
  );
  return await runJob(session, { name: "gc", data }, context, "garbage");
}

function tableOf(context: CommandContext, images: JobResult<"gc">["removed"]): string[] {
  const { line } = openTable<(typeof images)[number]>(
    [
      { heading: "", least: 12, cell: ({ id }) => id },
      { heading: "", side: "right", cell: ({ layerBytes }) => formatBytes(layerBytes) },
    ],
    listView(context, { trunc: true }),
    images,
  );
  return images.map(line);
}
