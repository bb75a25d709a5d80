// stevedore schedules: lists the schedules, and when each is due.
import type { Command } from "commander";
import { addListFlags, type ListFlags, printList } from "../../list-flags.js";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  const command = program.command("schedules").description("list the schedules");
  addListFlags(command)
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore schedules --json | jq -r '.[] | select(.paused | not) | [.id, .next / 1000 | todate]'",
    )
    .action(
      action<ListFlags>(async (context, flags) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        const { scheduleLines } = await import("../../terminal/index.js");
        await using session = await openQueueSession(context);
        const running = await session.producer.schedules();
        const paused = (await session.producer.pausedSchedules()).map((each) => ({
          ...each,
          next: undefined,
          paused: true,
        }));
        const schedules = [...running, ...paused].sort((one, other) => (one.id < other.id ? -1 : 1));
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
