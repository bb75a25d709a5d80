// What a command writes: its result on stdout, lines for people on stderr, and a display that makes way for both.
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../terms/index.js";
import type { LogFields } from "../../worker/index.js";
import { formatText } from "./format.js";
import type { Display } from "./live-display.js";

export interface Output {
  /** Writes to stdout: the one JSON document with `--json`, else the lines. */
  print(document: unknown, lines: Iterable<string>): void;
  /**
   * The same for a list that need not be in memory as a whole: one array, or a line for each item. The next items
   * are read when the ones before are written, and none when the reader of stdout has left.
   * @throws what `items` throws; the array is closed then, so that it is a document, if it was begun.
   */
  printEach<Item>(items: AsyncIterable<Item>, show: ShowItem<Item>): Promise<void>;
  /**
   * Writes a line to stderr. The text may quote others, so that only its line breaks stay what they are.
   * @param fields what it is about, for a log that is read by machines
   */
  warn(text: string, fields?: LogFields): void;
  /** Sets what stands on the terminal from now on, undefined for nothing: it makes way for lines and documents. */
  setDisplay(display: Display | undefined): void;
}

/** How an item of a list is shown. */
interface ShowItem<Item> {
  /** Its element of the array with `--json`. Default: the item. */
  document?(item: Item): unknown;
  line(item: Item): string;
  /** The line above all others. */
  readonly header?: string;
}

/** Characters that are gathered before they are written. */
const chunkSize = 64 * 1024;

/**
 * With `--json` the first document is the only one: an error after it has stderr and the exit code.
 * @param writeLog writes what else goes to stderr, undefined for lines of text
 */
export function openOutput(json: boolean, signal: AbortSignal, writeLog?: Output["warn"]): Output {
  let printed = false;
  let display: Display | undefined;
  const writeAbove = (stream: NodeJS.WriteStream, text: string) => {
    display?.hide();
    stream.write(text);
    display?.show();
  };

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
        // Items that come without waiting must not keep a signal from being heard.
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
      if (!json) for (const line of lines) writeAbove(process.stdout, `${line}\n`);
      else if (!printed) writeAbove(process.stdout, `${JSON.stringify(document)}\n`);
      printed = true;
    },
    printEach,
    warn(text, fields) {
      if (writeLog !== undefined) return writeLog(text, fields);
      writeAbove(process.stderr, `stevedore: ${text.split("\n").map(formatText).join("\n")}\n`);
    },
    setDisplay(shown) {
      display = shown;
    },
  };
}

/** Resolves when stdout has taken the text: to false if its reader has left. */
function write(text: string): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(text, (error) => resolve(error == null)));
}
