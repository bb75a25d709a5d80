// How values look in text output.

/** No text of `formatBytes` is wider: `1023.9 MiB`. */
export const bytesWidth = 10;

/** Bytes in binary units, as `ls -h` writes them: `512 B`, `1.4 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

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

/** Seconds as people say them, two units at most: `8s`, `4m10s`, `2h05m`, `3d04h`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  const minutes = Math.ceil(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.ceil(minutes / 60);
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}
