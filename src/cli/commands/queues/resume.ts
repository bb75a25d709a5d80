// stevedore resume QUEUE…: ends the pause of a queue.
import type { Command } from "commander";
import { pausing } from "./pausing.js";

export function declare(program: Command): void {
  program
    .command("resume")
    .description("end the pause of queues, and print these")
    .argument("<queue...>", "as stevedore pause takes them")
    .addHelpText("after", "\nExample:\n  $ stevedore resume store store@web-1")
    .action(pausing("resume"));
}
