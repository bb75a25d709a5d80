// stevedore worker: run a worker alone, against the Redis that is named.
import type { Command } from "commander";
import { addLogFlag } from "../../log-format.js";
import { action } from "../../run-command.js";
import { addWorkerFlags, type WorkerFlags } from "../../worker-flags.js";

export function declare(program: Command): void {
  addWorkerFlags(
    addLogFlag(
      program
        .command("worker")
        .description("run a worker alone, against the Redis that is named, else the root's own"),
    ),
  )
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore worker --redis redis://queue.example:6379 --allow-source /srv/images",
    )
    .action(
      action<WorkerFlags>(async (context, flags) => {
        const { serve } = await import("./serve.js");
        await serve(context, flags);
      }),
    );
}
