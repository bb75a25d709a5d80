// stevedore diff A B: what differs between the files of two images.
import type { Command } from "commander";
import type { Diff, DiffEntry } from "../../../contents/index.js";
import { action } from "../../run-command.js";
import { formatBytes } from "../../terminal/index.js";
import { imageArgument } from "../image-argument.js";
import { changeLetters } from "./entry-line.js";
import { pathSpelling } from "./path-argument.js";

export function declare(program: Command): void {
  program
    .command("diff")
    .description(
      "list what differs between the files of two images: A added, C changed, D deleted, with how much larger or smaller that is",
    )
    .argument("<before>", imageArgument)
    .argument("<after>", "another image, likewise")
    .addHelpText("after", `${pathSpelling}\nExample:\n  $ stevedore diff web:1.0 web:1.1`)
    .action(
      action(async ({ config, print, tell, signal }, _flags, before: string, after: string) => {
        const { openGraph } = await import("../../../graph/index.js");
        const { diffImages, openContents } = await import("../../../contents/index.js");
        const open = openContents(await openGraph(config.root), signal);
        const diff = await diffImages(await open(before), await open(after), signal);
        print(diff, diff.changes.map(lineOf));
        tell(summaryOf(diff));
      }),
    );
}

function lineOf({ kind, path, size, formerSize, differs }: DiffEntry): string {
  const change = (size ?? 0) - (formerSize ?? 0);
  const how = differs.length === 0 ? "" : `  (${differs.join(", ")})`;
  return `${changeLetters[kind]} ${signed(change).padStart(12)}  ${path}${how}`;
}

function summaryOf({ counts, bytes: { before, after } }: Diff): string {
  const { add, modify, delete: gone } = counts;
  const sizes = `${formatBytes(before)} then ${formatBytes(after)}, ${signed(after - before)}`;
  return `${add} added, ${modify} changed, ${gone} deleted; ${sizes}`;
}

function signed(bytes: number): string {
  return `${bytes < 0 ? "-" : bytes > 0 ? "+" : ""}${formatBytes(Math.abs(bytes))}`;
}
