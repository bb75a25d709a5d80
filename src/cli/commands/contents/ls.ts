// stevedore ls IMAGE [PATH]: the files of an image, or what one of its layers does.
import type { Command } from "commander";
import type { Entry, ImageContents } from "../../../contents/index.js";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";
import { entryLine } from "./entry-line.js";
import { pathSpelling } from "./path-argument.js";

interface LsFlags {
  readonly layer?: string;
  readonly recursive?: boolean;
}

export function declare(program: Command): void {
  program
    .command("ls")
    .description(
      "list the files of an image, as ls -l does: what is seen of all its layers, or what one layer does",
    )
    .argument("<image>", imageArgument)
    .argument("[path]", "a file or directory in it (default: its root)")
    .option(
      "--layer <id>",
      "only what this layer has (history tells the ids): A added, C changed, D deleted, blank for a directory that it leaves as it is",
    )
    .option("-R, --recursive", "all that lies below the path, by whole paths")
    .addHelpText(
      "after",
      `${pathSpelling}\nExamples:\n  $ stevedore ls web:1.0 /etc\n  $ stevedore ls web:1.0 --layer b750 --recursive`,
    )
    .action(
      action<LsFlags>(
        async (
          { config, printEach, signal },
          { layer, recursive = false },
          reference: string,
          asked?: string,
        ) => {
          const { openGraph } = await import("../../../graph/index.js");
          const { listEntries, openContents, readSpelling } = await import("../../../contents/index.js");
          const contents = await openContents(await openGraph(config.root), signal)(reference);
          const path = readSpelling(asked ?? "");
          const other = layer === undefined ? await notDirectory(contents, path) : undefined;
          const query = { path, layer, isRecursive: recursive };
          const entries = other === undefined ? listEntries(contents, query, undefined, signal) : only(other);
          await printEach(entries, {
            document: ({ entry }) => entry,
            line: ({ entry }) =>
              entryLine(
                entry,
                layer !== undefined,
                recursive || other !== undefined ? entry.path : entry.name,
              ),
          });
        },
      ),
    );
}

/** The entry at a path that is not a directory, and no symbolic link to one: it is listed by itself. */
async function notDirectory(contents: ImageContents, path: string): Promise<Entry | undefined> {
  const { entryAt } = await import("../../../contents/index.js");
  const entry = entryAt(contents, path, false);
  if (entry.type === "directory") return undefined;
  if (entry.type !== "symlink") return entry;
  try {
    return entryAt(contents, path, true).type === "directory" ? undefined : entry;
  } catch {
    return entry;
  }
}

async function* only(entry: Entry) {
  yield { entry };
}
