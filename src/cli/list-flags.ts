// The flags of the commands that list: in which form, and whether ids and texts are shortened.
import { type Command, Option } from "commander";
import type { CommandContext } from "./run-command.js";
import { formatText, type ListView, type ShowItem } from "./terminal/index.js";

/** For people, for programs, and one whole id a line for `xargs`. */
const listFormats = ["table", "json", "ids"] as const;

export interface ListFlags {
  readonly trunc: boolean;
  readonly format?: (typeof listFormats)[number];
}

/** Adds these flags. */
export function addListFlags(command: Command): Command {
  return command
    .option("--no-trunc", "show ids, times and texts whole, though lines become wider than the terminal")
    .addOption(
      new Option(
        "--format <format>",
        "table (the default), json as --json prints it, or ids: one whole id a line",
      ).choices([...listFormats]),
    )
    .hook("preAction", (_, asked) => {
      const { json, format } = asked.optsWithGlobals<{ json?: boolean; format?: string }>();
      if (json && format !== undefined && format !== "json") {
        asked.error(`error: --json and --format ${format} contradict each other`);
      }
    });
}

/**
 * How a list is printed item by item.
 * @param idOf undefined for an item without one
 * @param table is called where a table is wanted
 */
export function showList<Item>(
  context: CommandContext,
  flags: ListFlags,
  idOf: (item: Item) => string,
  table: (view: ListView) => ShowItem<Item>,
): ShowItem<Item> {
  const asId = (item: Item) => formatText(idOf(item));
  return context.json || flags.format === "ids" ? { line: asId } : table(listView(context, flags));
}

/** Prints a list that is at hand. */
export function printList<Item>(
  context: CommandContext,
  flags: ListFlags,
  items: readonly Item[],
  idOf: (item: Item) => string,
  lines: (view: ListView) => readonly string[],
): void {
  if (flags.format === "ids") context.print(items, items.map(idOf).map(formatText));
  else context.print(items, context.json ? [] : lines(listView(context, flags)));
}

/** How a list is shown on this terminal. */
export function listView({ room, paint }: CommandContext, { trunc }: Pick<ListFlags, "trunc">): ListView {
  return { room: trunc ? room : Number.POSITIVE_INFINITY, isWhole: !trunc, paint, now: Date.now() };
}
