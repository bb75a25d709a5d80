// stevedore gc: deletes the images that nothing needs.
import type { Command } from "commander";
import type { JobResult } from "../../../jobs/index.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { listView } from "../../list-flags.js";
import { action, type CommandContext, duration, wholeNumber } from "../../run-command.js";
import { formatBytes, openTable } from "../../terminal/index.js";

interface GarbageFlags {
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

export function declare(program: Command): void {
  program
    .command("gc")
    .description(
      "delete the images that nothing needs: no name, no child, no mount; print their ids and sizes",
    )
    .option("--dry-run", "delete nothing, and print what would be deleted")
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
stevedore check. With --json: {removed: [{id, layerBytes}], more?, layerBytes, blocks?, kept, dryRun, durationMs}.

Examples:
  $ stevedore gc --dry-run
  $ stevedore gc --keep 5 --older 30d`,
    )
    .action(action<GarbageFlags>(collect));
}

async function collect(
  context: CommandContext,
  { dryRun, keep, older, detach }: GarbageFlags,
): Promise<void> {
  const { parseJobData } = await import("../../../jobs/index.js");
  const data = parseJobData("gc", {
    ...(dryRun ? { dryRun } : {}),
    ...(keep === undefined ? {} : { keep }),
    ...(older === undefined ? {} : { olderMs: older }),
  });
  const { runOrDetach } = await import("../../run-jobs.js");
  const result = await runOrDetach(context, { name: "gc", data }, { detach, label: "garbage" });
  if (result === undefined) return;
  const { removed, more = 0, layerBytes, blocks, kept } = result;
  const { line } = openTable<(typeof removed)[number]>(
    [
      { heading: "", least: 12, cell: ({ id }) => id },
      { heading: "", side: "right", cell: (image) => formatBytes(image.layerBytes) },
    ],
    listView(context, { trunc: true }),
    removed,
  );
  context.print(result, removed.map(line));
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
