// stevedore schedules: lists the schedules, and when each is due.
import type { Command } from "commander";
import { addListFlags, type ListFlags, printList } from "../../list-flags.js";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  const command = program.command("schedules").description("list the schedules");
  addListFlags(command)
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore schedules --json | jq -r '.[] | [.id, .next / 1000 | todate]'",
    )
    .action(
      action<ListFlags>(async (context, flags) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        const { scheduleLines } = await import("../../terminal/index.js");
        await using session = await openQueueSession(context);
        const schedules = await session.producer.schedules();
        printList(
          context,
          flags,
          schedules,
          ({ id }) => id,
          (view) => scheduleLines(schedules, view),
        );
      }),
    );
}
