// stevedore waste IMAGE: what of an image is stored and never seen.
import type { Command } from "commander";
import type { Waste } from "../../../contents/index.js";
import { shortId } from "../../../terms/index.js";
import { action, wholeNumber } from "../../run-command.js";
import { formatBytes } from "../../terminal/index.js";
import { imageArgument } from "../image-argument.js";

interface WasteFlags {
  readonly limit: number;
}

export function declare(program: Command): void {
  program
    .command("waste")
    .description(
      "tell what an image wastes: the files that a later layer replaces or deletes, the worst first",
    )
    .argument("<image>", imageArgument)
    .option("--limit <n>", "how many files are listed", wholeNumber(0, 100_000), 20)
    .addHelpText(
      "after",
      "\nThe efficiency is the score of dive, in percent. It is blind to deleted directories, whose files are among the wasted.\n\nExample:\n  $ stevedore waste web:1.0",
    )
    .action(
      action<WasteFlags>(async ({ config, print, signal }, { limit }, reference: string) => {
        const { openGraph } = await import("../../../graph/index.js");
        const { openContents, reckonWaste } = await import("../../../contents/index.js");
        const contents = await openContents(await openGraph(config.root), signal)(reference);
        const waste = await reckonWaste(contents, limit, signal);
        print(waste, linesOf(waste));
      }),
    );
}

function linesOf({ efficiency, wastedBytes, totalBytes, layers, files, count }: Waste): string[] {
  return [
    // Rounded down: only what wastes nothing has 100 %.
    `efficiency  ${(Math.floor(efficiency * 1_000) / 10).toFixed(1)} %`,
    `wasted      ${formatBytes(wastedBytes)} of ${formatBytes(totalBytes)}`,
    "",
    "layer           wasted          of",
    ...layers.map(
      ({ id, bytes, wastedBytes }) =>
        `${shortId(id).padEnd(12)}  ${formatBytes(wastedBytes).padStart(10)}  ${formatBytes(bytes).padStart(10)}`,
    ),
    ...(files.length === 0 ? [] : ["", "    wasted  times  path"]),
    ...files.map(
      ({ path, bytes, times, isGone }) =>
        `${formatBytes(bytes).padStart(10)}  ${String(times).padStart(5)}  ${path}${isGone ? "  (deleted)" : ""}`,
    ),
    ...(count > files.length && files.length > 0 ? [`and ${count - files.length} more`] : []),
  ];
}
