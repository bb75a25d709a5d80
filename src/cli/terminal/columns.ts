// Measures text in the columns of a terminal: wide characters take two, combining ones none.
import measure from "fast-string-truncated-width";

/** Splits text into graphemes: what a reader sees as one character. */
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** Text of which every code unit takes one column. */
const plain = /^[\x20-\x7e]*$/;
/** What terminals draw in different ways: as one character where they know of it, else one after the other. */
const joined = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Mc}\u200c\u200d]/u;
const ellipsis = "…";

/** How many columns a text takes; of what terminals draw in different ways the most. */
export function columnsOf(text: string): number {
  if (plain.test(text)) return text.length;
  if (!joined.test(text)) return measure(text).width;
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) {
    let apart = 0;
    for (const character of segment) apart += columnsApart(character);
    columns += Math.max(apart, measure(segment).width);
  }
  return columns;
}

/** How many columns a character takes that is not joined with others. */
function columnsApart(character: string): number {
  if (/[\u200c\u200d]/.test(character)) return 0;
  return /[\p{Mc}\p{Regional_Indicator}]/u.test(character) ? 1 : measure(character).width;
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

/** The same of its beginning: what is left is the end, behind `…`. */
export function cutStart(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns < 1) return "";
  let kept = "";
  let width = 0;
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    width += columnsOf(segment);
    if (width > columns - 1) break;
    kept = segment + kept;
  }
  return ellipsis + kept;
}

/** Pads a text with blanks, behind or before it, to `columns` columns. */
export function pad(text: string, columns: number, side: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, columns - columnsOf(text)));
  return side === "left" ? text + blanks : blanks + text;
}

/** Breaks a text into lines of at most `columns` columns: at blanks, or within a word that no line has room for. */
export function wrap(text: string, columns: number): string[] {
  if (columnsOf(text) <= columns) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<= )(?=\S)/)) {
    if (columnsOf((line + word).trimEnd()) > columns && line !== "") {
      lines.push(line.trimEnd());
      line = "";
    }
    line += word;
    while (columnsOf(line.trimEnd()) > columns) {
      const kept = headOf(line, columns);
      lines.push(kept);
      line = line.slice(kept.length);
    }
  }
  return line.trimEnd() === "" ? lines : [...lines, line.trimEnd()];
}

/** As many characters of a text as `columns` columns have room for, and at least one. */
function headOf(text: string, columns: number): string {
  let width = 0;
  for (const { segment, index } of segmenter.segment(text)) {
    width += columnsOf(segment);
    if (width > columns && index > 0) return text.slice(0, index);
  }
  return text;
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
