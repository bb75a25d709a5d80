// stevedore server: the HTTP API and the dashboard alone, against the Redis that is named.
import type { Command } from "commander";
import { addLogFlag } from "../../log-format.js";
import { action } from "../../run-command.js";
import { addServerFlags, type ServerFlags } from "./server-flags.js";

export function declare(program: Command): void {
  addServerFlags(
    addLogFlag(
      program
        .command("server")
        .description(
          "serve the HTTP API and the dashboard alone, for the Redis that is named, else the root's own",
        ),
    ),
  )
    .addHelpText(
      "after",
      "\nExample:\n  $ STEVEDORE_TOKEN=$(openssl rand -hex 32) stevedore server --listen 0.0.0.0:7878",
    )
    .action(
      action<ServerFlags>(async (context, flags) => {
        const { serveHttp } = await import("./serve-http.js");
        await serveHttp(context, flags);
      }),
    );
}
