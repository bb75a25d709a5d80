// The output of a command: its result on stdout, lines for people on stderr, and a display that is hidden for both.
import { setImmediate } from "node:timers/promises";
import { isErrorCode, throwIfAborted } from "../../terms/index.js";
import type { LogFields } from "../../worker/index.js";
import { formatText } from "./format.js";
import { gatherLines } from "./gathered-lines.js";
import type { Display } from "./live-display.js";
import { type Paint, plainPaint } from "./surface.js";

export interface Output {
  /** Writes to stdout: the one JSON document with `--json`, else the lines. */
  print(document: unknown, lines: Iterable<string>): void;
  /**
   * The same for a list that need not fit into memory: one array, or a line for each item. Items are read as they are
   * written, and no more when the reader of stdout has left.
   * @throws what `items` throws; an array that was begun is closed then, so that it is valid JSON
   */
  printEach<Item>(items: AsyncIterable<Item>, show: ShowItem<Item>): Promise<void>;
  /**
   * Writes a line to stderr. Control characters are escaped, except for line breaks, because the text may quote others.
   * @param fields what the line is about, for a log that machines read
   */
  warn(text: string, fields?: LogFields): void;
  /** Sets the display that is hidden while lines and documents are written; undefined for none. */
  setDisplay(display: Display | undefined): void;
}

/** How `printEach` shows an item. */
export interface ShowItem<Item> {
  /** Its element of the array with `--json`. Default: the item. */
  document?(item: Item): unknown;
  line(item: Item): string;
  /** The line above all others. */
  readonly header?: string;
}

/** How many characters are collected before they are written. */
const chunkSize = 64 * 1024;

/**
 * With `--json` only the first document is printed: an error after it goes to stderr and the exit code.
 * @param writeLog writes the lines of stderr; undefined for plain text
 * @param paint paints those
 */
export function openOutput(
  json: boolean,
  signal: AbortSignal,
  writeLog?: Output["warn"],
  paint: Paint = plainPaint,
): Output {
  let printed = false;
  let display: Display | undefined;
  const writeAbove = (stream: NodeJS.WriteStream, text: string) => {
    display?.hide();
    stream.write(text);
    display?.show();
  };

  const log = gatherLines((text) => writeAbove(process.stderr, text));

  /** Paints the code that an error begins with. */
  const paintCode = (line: string) =>
    line.replace(/^[A-Z_]+(?=: )/, (code) => (isErrorCode(code) ? paint("bad", code) : code));

  async function printEach<Item>(items: AsyncIterable<Item>, show: ShowItem<Item>): Promise<void> {
    const { document = (item) => item, line, header } = show;
    let text = json ? "[" : header === undefined ? "" : `${header}\n`;
    let separator = "";
    const end = json ? "]\n" : "";
    try {
      for await (const item of items) {
        text += json ? `${separator}${JSON.stringify(document(item))}` : `${line(item)}\n`;
        separator = ",";
        if (text.length < chunkSize) continue;
        printed = true;
        if (!(await write(text))) return;
        text = "";
        // Lets signals in: items that come without waiting would block the event loop.
        await setImmediate();
        throwIfAborted(signal);
      }
    } catch (error) {
      if (printed || !json) await write(text + end);
      throw error;
    }
    printed = true;
    await write(text + end);
  }

  return {
    print(document, lines) {
      log.flush();
      if (!json) for (const line of lines) writeAbove(process.stdout, `${line}\n`);
      else if (!printed) writeAbove(process.stdout, `${JSON.stringify(document)}\n`);
      printed = true;
    },
    printEach,
    warn(text, fields) {
      if (writeLog !== undefined) return writeLog(text, fields);
      log.write(`stevedore: ${text.split("\n").map(formatText).map(paintCode).join("\n")}\n`);
      // What is about a job or a queue is one of many.
      if (fields === undefined) log.flush();
    },
    setDisplay(shown) {
      display = shown;
    },
  };
}

/** Resolves when stdout has taken the text; to false if its reader has left. */
function write(text: string): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(text, (error) => resolve(error == null)));
}
