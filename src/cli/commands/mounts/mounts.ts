// stevedore mounts: what is mounted of a root.
import type { Command } from "commander";
import { addListFlags, type ListFlags, printList } from "../../list-flags.js";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  const command = program
    .command("mounts")
    .description(
      "list the mounts: mounted, stale (as after a reboot), unmounted with their upper kept, or elsewhere",
    )
    .option(
      "--host <name>",
      "the host whose mounts are told from those elsewhere (default: $STEVEDORE_HOST or the system's name)",
    );
  addListFlags(command)
    .addHelpText(
      "after",
      "\nWith --json: [{mountId, id, target, host, driver, layers, upper?, state, createdAt}].\n\nExample:\n  $ stevedore mounts --json | jq -r '.[].target'",
    )
    .action(
      action<ListFlags>(async (context, flags) => {
        const { config, warn } = context;
        const { openGraph } = await import("../../../graph/index.js");
        const { readNames } = await import("../../../listing/index.js");
        const { openMounts } = await import("../../../mount/index.js");
        const { mountLines } = await import("../../terminal/index.js");
        const graph = await openGraph(config.root, { host: config.host });
        const mounts = openMounts(graph).list(warn);
        const names = context.json ? new Map() : await readNames(graph, warn);
        printList(
          context,
          flags,
          mounts,
          ({ mountId }) => mountId,
          (view) => mountLines(mounts, names, view),
        );
      }),
    );
}
