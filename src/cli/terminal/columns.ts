// Measures text in the columns of a terminal: wide characters take two, combining ones none.
import measure from "fast-string-truncated-width";

/** Splits text into graphemes: what a reader sees as one character. */
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** Text of which every code unit takes one column. */
const plain = /^[\x20-\x7e]*$/;
const ellipsis = "…";

/** How many columns a text takes. */
export function columnsOf(text: string): number {
  return plain.test(text) ? text.length : measure(text).width;
}

/** Cuts a text to `columns` columns; it ends in `…` if something is missing. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns < 1) return "";
  let kept = "";
  let width = 0;
  // Character by character: the library's own place to cut may lie within one.
  for (const { segment } of segmenter.segment(text)) {
    width += columnsOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return kept + ellipsis;
}

/** Pads a text with blanks, behind or before it, to `columns` columns. */
export function pad(text: string, columns: number, side: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, columns - columnsOf(text)));
  return side === "left" ? text + blanks : blanks + text;
}

/** How many rows a line takes on a terminal of `columns` columns, which wraps it. */
export function rowsOf(line: string, columns: number): number {
  if (plain.test(line)) return Math.max(1, Math.ceil(line.length / columns));
  let rows = 1;
  let used = 0;
  for (const { segment } of segmenter.segment(line)) {
    const width = columnsOf(segment);
    if (used + width > columns) {
      rows += 1;
      used = 0;
    }
    used += width;
  }
  return rows;
}
