// A table for people: on a terminal none of its lines is wider than the terminal, elsewhere nothing is cut. Its rows are
// drawn one by one, so that a list need not fit into memory.
import { columnsOf, cut, cutStart } from "../columns.js";
import { formatText } from "../format.js";
import type { Paint, Style } from "../surface.js";
import { columnWidths, gap } from "./column-widths.js";

/** A column, and what it shows of a row. */
export interface Column<Row> {
  readonly heading: string;
  /** As it came: the table escapes what would move the cursor. */
  readonly cell: (row: Row) => string;
  readonly style?: (row: Row) => Style | undefined;
  /** The side to which its cells are aligned. Default: left. */
  readonly side?: "left" | "right";
  /** The width that it is narrowed to where there is little room. Default: that of its widest cell. */
  readonly least?: number;
  /** The width that it is to have before columns of the second rank and higher ones are kept. Default: its least. */
  readonly wanted?: number;
  /** The columns of the highest ranks are left out first. Default: it stays as long as there is any room. */
  readonly rank?: number;
  /** Which end of a cell without room is cut off. Default: its end. */
  readonly cutOff?: "start" | "end";
  /** The width of its widest cell. Default: it is found in the rows. */
  readonly widest?: number;
  /** Where nothing is cut, a wider cell pushes the rest of its row aside, instead of all rows. */
  readonly usual?: number;
}

/** How a list is to be shown. */
export interface ListView {
  /** The most columns that a line may take. */
  readonly room: number;
  /** Whether ids, times and texts are shown as they are, without shortening them. */
  readonly isWhole: boolean;
  readonly paint: Paint;
  /** The time now, in ms since the epoch. */
  readonly now: number;
}

export interface Table<Row> {
  readonly header: string;
  line(row: Row): string;
}

/**
 * Opens a table.
 * @param rows those of which the widths of columns are found that do not tell them
 */
export function openTable<Row>(
  columns: readonly Column<Row>[],
  { room, paint }: ListView,
  rows: readonly Row[] = [],
): Table<Row> {
  const isCut = Number.isFinite(room);
  const demands = columns.map(({ heading, cell, least, wanted, rank, widest, usual }) => {
    const own = Math.max(columnsOf(heading), widest ?? widestOf(rows, cell));
    const width = isCut ? own : Math.min(own, usual ?? own);
    return { width, least: least ?? width, wanted, rank };
  });
  const widths = columnWidths(demands, room);
  const kept = columns.flatMap((column, at) => {
    const width = widths[at] ?? 0;
    return width === 0 ? [] : [{ ...column, width }];
  });
  const draw = (cells: readonly (readonly [text: string, style: Style | undefined])[]) =>
    kept
      .map(({ width, side, cutOff }, at) => {
        const [text = "", style] = cells[at] ?? [];
        const shown = !isCut ? text : cutOff === "start" ? cutStart(text, width) : cut(text, width);
        const blanks = " ".repeat(Math.max(0, width - columnsOf(shown)));
        return side === "right" ? blanks + paint(style, shown) : paint(style, shown) + blanks;
      })
      .join(gap)
      .trimEnd();
  return {
    header: draw(kept.map(({ heading }) => [heading, "heading"])),
    line: (row) => draw(kept.map(({ cell, style }) => [formatText(cell(row)), style?.(row)])),
  };
}

/** The lines of a table with its header. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  view: ListView,
  rows: readonly Row[],
): string[] {
  const { header, line } = openTable(columns, view, rows);
  return [header, ...rows.map(line)];
}

/** The width of the widest of some cells. */
export function widestOf<Item>(items: Iterable<Item>, cell: (item: Item) => string): number {
  let widest = 0;
  for (const item of items) widest = Math.max(widest, columnsOf(formatText(cell(item))));
  return widest;
}
