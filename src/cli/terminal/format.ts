// How values look in text output.
export { formatBytes, formatSeconds } from "../../terms/index.js";

/** No text of `formatBytes` is wider: `1023.9 MiB`. */
export const bytesWidth = 10;

/**
 * Text of others (comments, names, errors) as it may be shown on a terminal: what would move the cursor, break
 * the line or turn the direction of writing is escaped.
 */
export function formatText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`;
  });
}

/** A time in ms since the epoch as ISO 8601; `?` for a number that is none: whoever enqueued the job chose it. */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? "?" : time.toISOString();
}

/** A document as indented JSON that may be shown on a terminal. */
export function formatJson(document: unknown): string[] {
  return JSON.stringify(document, null, 2).split("\n").map(formatText);
}

/** Rows as columns that line up, without blanks at the end. Every cell is shown as by `formatText`. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map(formatText));
  const widths: number[] = [];
  for (const row of shown) {
    for (const [column, { length }] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, length);
  }
  return shown.map((row) => alignCells(row, widths));
}

/** One row of a table of which the widths are known, so that the others need not be. */
export function formatRow(row: readonly string[], widths: readonly number[]): string {
  return alignCells(row.map(formatText), widths);
}

function alignCells(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join("  ")
    .trimEnd();
}
