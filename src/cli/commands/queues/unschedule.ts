// stevedore unschedule ID: removes a schedule.
import type { Command } from "commander";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  program
    .command("unschedule")
    .description("end a schedule; a run of it that is due already is done all the same")
    .argument("<id>", "a schedule's id, as stevedore schedules prints it")
    .addHelpText("after", "\nExample:\n  $ stevedore unschedule verify-graph")
    .action(
      action(async (context, _flags, id: string) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        await using session = await openQueueSession(context);
        await session.producer.unschedule(id);
        context.print({ id }, [id]);
      }),
    );
}
