// What a command prints on stdout: with `--json` exactly one document, else lines.
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../error.js";

export interface Output {
  /** Writes the one JSON document with `--json`, else the lines. */
  print(document: unknown, lines: Iterable<string>): void;
  /**
   * The same for a list that need not be in memory as a whole: one array, or a line for each item. The next items
   * are read when the ones before are written, and none when the reader of stdout has left.
   * @throws what `items` throws; the array is closed then, so that it is a document, if it was begun.
   */
  printEach<Item>(items: AsyncIterable<Item>, show: ShowItem<Item>): Promise<void>;
}

/** How an item of a list is shown. */
export interface ShowItem<Item> {
  /** Its element of the array with `--json`. Default: the item. */
  document?(item: Item): unknown;
  line(item: Item): string;
  /** The line above all others. */
  readonly header?: string;
}

/** Characters that are gathered before they are written. */
const chunkSize = 64 * 1024;

/** With `--json` the first document is the only one: an error after it has stderr and the exit code. */
export function openOutput(json: boolean, signal: AbortSignal): Output {
  let printed = false;

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
      if (!json) for (const line of lines) process.stdout.write(`${line}\n`);
      else if (!printed) process.stdout.write(`${JSON.stringify(document)}\n`);
      printed = true;
    },
    printEach,
  };
}

/** Resolves when stdout has taken the text: to false if its reader has left. */
function write(text: string): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(text, (error) => resolve(error == null)));
}
