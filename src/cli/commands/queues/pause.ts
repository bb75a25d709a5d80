// stevedore pause QUEUE…: lets no worker take up the jobs of a queue; with --schedule, schedules run no more.
import type { Command } from "commander";
import { pausing, scheduleFlag } from "./pausing.js";

export function declare(program: Command): void {
  program
    .command("pause")
    .description(
      "let no worker take up the jobs of queues, or let schedules not run, and print these; jobs at work go on",
    )
    .argument("<queue...>", "store, checksum, mount, or those of a host: store@HOST, mount@HOST")
    .option(...scheduleFlag)
    .addHelpText(
      "after",
      "\nExamples:\n  $ stevedore pause store store@web-1\n  $ stevedore pause --schedule verify-graph",
    )
    .action(pausing("pause"));
}
