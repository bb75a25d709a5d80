// stevedore pause QUEUE…: lets no worker take up the jobs of a queue.
import type { Command } from "commander";
import { pausing } from "./pausing.js";

export function declare(program: Command): void {
  program
    .command("pause")
    .description("let no worker take up the jobs of queues, and print these; jobs at work go on")
    .argument("<queue...>", "store, checksum, mount, or those of a host: store@HOST, mount@HOST")
    .addHelpText("after", "\nExample:\n  $ stevedore pause store store@web-1")
    .action(pausing("pause"));
}
