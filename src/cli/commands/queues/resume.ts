// stevedore resume QUEUE…: ends the pause of a queue or a schedule.
import type { Command } from "commander";
import { pausing, scheduleFlag } from "./pausing.js";

export function declare(program: Command): void {
  program
    .command("resume")
    .description("end the pause of queues or schedules, and print these")
    .argument("<queue...>", "as stevedore pause takes them")
    .option(...scheduleFlag)
    .addHelpText(
      "after",
      "\nExamples:\n  $ stevedore resume store store@web-1\n  $ stevedore resume --schedule verify-graph",
    )
    .action(pausing("resume"));
}
