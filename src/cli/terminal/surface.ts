// What the terminal of a command can show: how many columns, and whether colours.
import { styleText } from "node:util";

/** What a text means, which its colour repeats: nothing is told by a colour alone. */
export type Style = "heading" | "good" | "bad" | "warning" | "busy" | "quiet";

/** Gives a text the colour of what it means, or leaves it as it is. */
export type Paint = (style: Style | undefined, text: string) => string;

/** When colours are wanted: where a terminal shows them, or whatever stdout is. */
export const colorChoices = ["auto", "always", "never"] as const;
export type ColorChoice = (typeof colorChoices)[number];

const formats = {
  heading: "bold",
  good: "green",
  bad: "red",
  warning: "yellow",
  busy: "cyan",
  quiet: "gray",
} as const satisfies Record<Style, string>;

/** For a terminal that does not report its size: that of a VT100. */
const usualColumns = 80;

/** Leaves every text as it is. */
export const plainPaint: Paint = (_, text) => text;

const colouredPaint: Paint = (style, text) =>
  style === undefined || text === "" ? text : styleText(formats[style], text, { validateStream: false });

/** Paints what is written to a stream, if it shows colours. */
export function paintFor(stream: NodeJS.WriteStream, choice: ColorChoice): Paint {
  return showsColours(stream, choice) ? colouredPaint : plainPaint;
}

/**
 * Whether what is written to a stream has colours: as it was chosen; else not with NO_COLOR, with FORCE_COLOR or
 * CLICOLOR_FORCE, not with CLICOLOR=0, and otherwise on a terminal that is not `dumb`. An empty variable counts as unset.
 */
export function showsColours(
  stream: { readonly isTTY?: boolean },
  choice: ColorChoice,
  { NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
  const isOff = (value: string) => value === "0" || value === "false";
  if (choice !== "auto") return choice === "always";
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return !isOff(FORCE_COLOR);
  if (CLICOLOR_FORCE) return !isOff(CLICOLOR_FORCE);
  return CLICOLOR !== "0" && stream.isTTY === true && TERM !== "dumb";
}

/**
 * The columns that a line may take: those of the terminal ($COLUMNS, or 80, where it does not tell them), and any number
 * where the stream is no terminal, as `ps` has it: a program that reads the lines needs all of them.
 */
export function roomOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: NodeJS.ProcessEnv = process.env,
): number {
  if (stream.isTTY !== true) return Number.POSITIVE_INFINITY;
  return stream.columns || Number(environment.COLUMNS) || usualColumns;
}
