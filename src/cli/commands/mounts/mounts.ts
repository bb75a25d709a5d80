// stevedore mounts: what is mounted of a root.
import type { Command } from "commander";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  program
    .command("mounts")
    .description(
      "list the mounts: mounted, stale (as after a reboot), unmounted with their upper kept, or elsewhere",
    )
    .option(
      "--host <name>",
      "the host whose mounts are told from those elsewhere (default: $STEVEDORE_HOST or the system's name)",
    )
    .addHelpText(
      "after",
      "\nWith --json: [{mountId, id, target, host, driver, layers, upper?, state, createdAt}].\n\nExample:\n  $ stevedore mounts --json | jq -r '.[].target'",
    )
    .action(
      action(async ({ config, print, warn }) => {
        const { openGraph } = await import("../../../graph/index.js");
        const { shortId } = await import("../../../terms/index.js");
        const { openMounts } = await import("../../../mount/index.js");
        const { formatTable } = await import("../../terminal/index.js");
        const mounts = openMounts(await openGraph(config.root, { host: config.host })).list(warn);
        const rows = mounts.map(({ mountId, id, driver, layers, state, host, target }) => [
          ...[mountId, shortId(id), driver, String(layers), state, host, target],
        ]);
        print(
          mounts,
          formatTable([["MOUNT", "IMAGE", "DRIVER", "LAYERS", "STATE", "HOST", "TARGET"], ...rows]),
        );
      }),
    );
}
