// stevedore up: serve the queue of the graph: a Redis of its own if none is named, the worker, and the HTTP server.
import type { Command } from "commander";
import { addLogFlag } from "../../log-format.js";
import { action } from "../../run-command.js";
import { addWorkerFlags, type WorkerFlags } from "../../worker-flags.js";
import { addServerFlags, type ServerFlags } from "./server-flags.js";

type UpFlags = WorkerFlags & ServerFlags & { readonly server: boolean };

export function declare(program: Command): void {
  addServerFlags(
    addWorkerFlags(
      addLogFlag(
        program
          .command("up")
          .description(
            "serve the queue of the graph: a Redis of its own if none is named, the worker, and the HTTP server",
          ),
      ),
    ),
  )
    .option("--no-server", "leave the HTTP server out")
    .addHelpText("after", "\nExample:\n  $ stevedore up --root /srv/graph &")
    .action(
      action<UpFlags>(async (context, flags) => {
        const { serve } = await import("./serve.js");
        await serve(context, flags, flags.server ? flags : undefined);
      }),
    );
}
