// stevedore up: serve the queue of the graph: a Redis of its own if none is named, and the worker.
import type { Command } from "commander";
import { addLogFlag } from "../log-format.js";
import { action } from "../run-command.js";
import { addWorkerFlags, type WorkerFlags } from "../worker-flags.js";

export function declare(program: Command): void {
  addWorkerFlags(
    addLogFlag(
      program
        .command("up")
        .description("serve the queue of the graph: a Redis of its own if none is named, and the worker"),
    ),
  )
    .addHelpText("after", "\nExample:\n  $ stevedore up --root /srv/graph &")
    .action(
      action<WorkerFlags>(async (context, flags) => {
        const { serve } = await import("../serve.js");
        await serve(context, flags);
      }),
    );
}
