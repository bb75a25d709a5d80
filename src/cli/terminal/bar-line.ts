// A line of a terminal with a bar, fitted to its width.
import { columnsOf, cut } from "./columns.js";

const widestBar = 24;
const narrowestBar = 6;
const gap = "  ";

/** A bar of at most `columns` columns, its brackets included. */
export function bar(ratio: number, columns: number): string {
  const inside = columns - 2;
  const filled = Math.round(ratio * inside);
  return `[${"#".repeat(filled)}${" ".repeat(inside - filled)}]`;
}

/** Joins a bar and parts to a line. If there is no room, the bar is left out first, then the parts of the highest rank. */
export function arrange(
  parts: readonly { readonly text: string; readonly rank: number }[],
  ratio: number,
  columns: number,
): string {
  let kept = parts.filter(({ text }) => text !== "");
  const line = () => kept.map(({ text }) => text).join(gap);
  while (kept.length > 1 && columnsOf(line()) > columns) {
    const last = Math.max(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== last);
  }
  const room = Math.min(columns - columnsOf(line()) - gap.length, widestBar);
  return room < narrowestBar
    ? cut(line().trimEnd(), columns)
    : `${bar(ratio, room)}${gap}${line()}`.trimEnd();
}
