// Formats values for text output.
import { formatBytes, formatSeconds } from "../../terms/index.js";

export { formatBytes, formatSeconds };

/** No text of `formatBytes` is wider: `1023.9 MiB`. */
export const bytesWidth = 10;

/**
 * Makes foreign text (comments, names, errors) safe for a terminal: characters that would move the cursor, break the line
 * or turn the direction of writing are escaped.
 */
export function formatText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`;
  });
}

/**
 * A time in ms since the epoch as ISO 8601; `?` if it is not a valid time, because whoever enqueued the job chose it, or 0,
 * which stands for one that is not known.
 */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) || ms === 0 ? "?" : time.toISOString();
}

/** When a delayed job is due: `due in 14h03m`, `due 5m10s ago`. Both in ms since the epoch. */
export function formatDue(dueAt: number, now: number): string {
  const left = dueAt - now;
  return left > 0 ? `due in ${formatSeconds(left / 1_000)}` : `due ${formatSeconds(-left / 1_000)} ago`;
}

/** A line for each queue that is paused: nothing else tells why its jobs wait. */
export function pausedLines(queues: readonly string[]): string[] {
  return queues.map((queue) => `the queue ${queue} is paused: its jobs wait`);
}

/** A document as lines of indented JSON that are safe for a terminal. */
export function formatJson(document: unknown): string[] {
  return JSON.stringify(document, null, 2).split("\n").map(formatText);
}

/** Rows as aligned columns, without blanks at the end. Every cell goes through `formatText`. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map(formatText));
  const widths: number[] = [];
  for (const row of shown) {
    for (const [column, { length }] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, length);
  }
  return shown.map((row) => alignCells(row, widths));
}

/** One row of a table whose widths are known, so that the other rows are not needed. */
export function formatRow(row: readonly string[], widths: readonly number[]): string {
  return alignCells(row.map(formatText), widths);
}

function alignCells(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join("  ")
    .trimEnd();
}
