// stevedore schedules: lists the schedules, and when each is due.
import type { Command } from "commander";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  program
    .command("schedules")
    .description("list the schedules")
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore schedules --json | jq -r '.[] | [.id, .next / 1000 | todate]'",
    )
    .action(
      action(async (context) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        const { formatTable, formatTime } = await import("../../terminal/index.js");
        await using session = await openQueueSession(context);
        const schedules = await session.producer.schedules();
        const rows = schedules.map(({ id, name, cron, tz, next, last }) => [
          ...[id, name, cron, tz, formatTime(next)],
          last === undefined ? "" : `${formatTime(last.at)} ${last.state}`,
        ]);
        context.print(schedules, formatTable([["ID", "JOB", "CRON", "ZONE", "NEXT", "LAST"], ...rows]));
      }),
    );
}
