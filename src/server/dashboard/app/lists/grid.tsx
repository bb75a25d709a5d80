// A grid of any length, after the grid pattern of the ARIA Authoring Practices: one stop of the Tab key, arrows within.
import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Windowed } from "./window.js";

export interface GridColumn<Row> {
  /** Also the class of its cells. */
  readonly key: string;
  readonly title: string;
  /** What its head shows in place of the title. */
  readonly head?: ComponentChildren;
  /** What the list is sorted by where its head is pressed. */
  readonly sort?: string;
  /** True for the column that names the row. */
  readonly isHeader?: boolean;
  cell(row: Row, index: number): ComponentChildren;
}

export interface GridSort {
  readonly by: string;
  readonly isDescending: boolean;
}

interface GridProps<Row> {
  readonly label: string;
  readonly kind: string;
  readonly list: Windowed<Row>;
  readonly columns: readonly GridColumn<Row>[];
  readonly sort?: GridSort;
  readonly onSort?: (by: string) => void;
  readonly isSelected?: ((row: Row) => boolean) | undefined;
  readonly rowClass?: (row: Row) => string | undefined;
}

/** Where the arrows are. */
interface Place {
  readonly row: number;
  readonly column: number;
}

const narrow = "(width < 56rem)";
/** The heights of a row in px, on a wide screen and on a narrow one: as `lists.css` has them. */
const heights = { wide: 46, narrow: 92 } as const;
/** How many rows are there beyond those in view. */
const overscan = 8;
const focusable = "a[href], button, input";

export function Grid<Row>(props: GridProps<Row>) {
  const { label, kind, list, columns, sort, onSort, isSelected, rowClass } = props;
  const count = list.total ?? 0;
  const scroller = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLTableSectionElement>(null);
  const [headHeight, setHeadHeight] = useState(0);
  const [isNarrow, setNarrow] = useState(() => matchMedia(narrow).matches);
  const [, render] = useReducer((made: number, _: undefined) => made + 1, 0);
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  const wantsFocus = useRef(false);
  const measuredFor = useRef(isNarrow);
  const activeRow = Math.min(active.row, Math.max(0, count - 1));

  const optionsOf = () => ({
    count,
    getScrollElement: () => scroller.current,
    // Called for each row of the list.
    estimateSize: () => (isNarrow ? heights.narrow : heights.wide),
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    overscan,
    // The heads stay in view, over the rows.
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    // The row that has the focus stays, wherever the others are.
    rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
      const rows = defaultRangeExtractor(range);
      if (count === 0 || rows.includes(activeRow)) return rows;
      return [...rows, activeRow].sort((one, other) => one - other);
    },
    onChange: () => render(undefined),
  });
  const [rows] = useState(() => new Virtualizer<HTMLDivElement, HTMLTableRowElement>(optionsOf()));
  rows.setOptions(optionsOf());
  useLayoutEffect(() => rows._didMount(), []);
  useLayoutEffect(() => rows._willUpdate());
  useLayoutEffect(() => {
    const width = matchMedia(narrow);
    const change = () => setNarrow(width.matches);
    width.addEventListener("change", change);
    return () => width.removeEventListener("change", change);
  }, []);
  useLayoutEffect(() => {
    setHeadHeight(head.current?.offsetHeight ?? 0);
    if (measuredFor.current !== isNarrow) rows.measure();
    measuredFor.current = isNarrow;
  }, [isNarrow]);

  const shown = rows.getVirtualItems();
  const { range } = rows;
  useLayoutEffect(() => {
    if (range !== null) list.want(range.startIndex, range.endIndex);
  });
  useLayoutEffect(() => {
    const body = scroller.current;
    if (body === null) return;
    const cell = body.querySelector<HTMLElement>(`[data-row="${activeRow}"][data-column="${active.column}"]`);
    // What a cell holds is reached by the arrows: a hundred stops of the Tab key would be between a list and what follows.
    for (const element of body.querySelectorAll<HTMLElement>(`tbody :is(${focusable})`)) {
      element.tabIndex = cell?.contains(element) ? 0 : -1;
    }
    for (const element of body.querySelectorAll<HTMLElement>("[data-row]")) {
      element.tabIndex = element === cell && cell.querySelector(focusable) === null ? 0 : -1;
    }
    if (!wantsFocus.current || cell === null) return;
    wantsFocus.current = false;
    (cell.querySelector<HTMLElement>(focusable) ?? cell).focus({ preventScroll: true });
  });

  const goTo = (row: number, column: number) => {
    const place = {
      row: Math.max(0, Math.min(count - 1, row)),
      column: Math.max(0, Math.min(columns.length - 1, column)),
    };
    wantsFocus.current = true;
    setActive(place);
    rows.scrollToIndex(place.row, { align: "auto" });
    render(undefined);
  };
  const press = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return;
    const { column } = active;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / heights.wide) - 2);
    const moves: Record<string, () => void> = {
      ArrowDown: () => goTo(activeRow + 1, column),
      ArrowUp: () => goTo(activeRow - 1, column),
      ArrowRight: () => goTo(activeRow, column + 1),
      ArrowLeft: () => goTo(activeRow, column - 1),
      PageDown: () => goTo(activeRow + page, column),
      PageUp: () => goTo(activeRow - page, column),
      Home: () => (event.ctrlKey ? goTo(0, 0) : goTo(activeRow, 0)),
      End: () => (event.ctrlKey ? goTo(count - 1, column) : goTo(activeRow, columns.length - 1)),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  };
  const follow = ({ target }: FocusEvent) => {
    const cell = (target as Element).closest<HTMLElement>("[data-row]");
    if (cell === null) return;
    const [row, column] = [Number(cell.dataset.row), Number(cell.dataset.column)];
    if (row !== active.row || column !== active.column) setActive({ row, column });
  };

  return (
    <div class={`grid ${kind}`} ref={scroller}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose cells are walked by arrows
        role="grid"
        aria-label={label}
        aria-rowcount={count + 1}
        aria-busy={list.isBusy}
        aria-multiselectable={isSelected === undefined ? undefined : true}
        onKeyDown={press}
        onFocusIn={follow}
      >
        <thead ref={head}>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <GridHead key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody style={{ height: `${rows.getTotalSize()}px` }}>
          {shown.map(({ index, start, size }) => {
            const row = list.rowAt(index);
            return (
              <tr
                key={index}
                class={[row === undefined ? "waits" : rowClass?.(row)].filter(Boolean).join(" ")}
                aria-rowindex={index + 2}
                aria-selected={row === undefined ? undefined : isSelected?.(row)}
                style={{ height: `${size}px`, transform: `translateY(${start - headHeight}px)` }}
              >
                {columns.map(({ key, isHeader, cell }, column) => {
                  const place = { class: key, "data-row": index, "data-column": column };
                  return isHeader ? (
                    <th key={key} scope="row" {...place}>
                      {row === undefined ? "…" : cell(row, index)}
                    </th>
                  ) : (
                    <td key={key} {...place}>
                      {row !== undefined && cell(row, index)}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function GridHead<Row>(props: {
  column: GridColumn<Row>;
  sort: GridSort | undefined;
  onSort: ((by: string) => void) | undefined;
}) {
  const { column, sort, onSort } = props;
  const { key, title, head = title, sort: by } = column;
  if (by === undefined || onSort === undefined) {
    return (
      <th class={key} scope="col">
        {head}
      </th>
    );
  }
  const order = sort?.by !== by ? "none" : sort.isDescending ? "descending" : "ascending";
  return (
    <th class={key} scope="col" aria-sort={order}>
      <button type="button" onClick={() => onSort(by)}>
        {head}
        <span aria-hidden="true">{order === "none" ? "" : order === "ascending" ? " ▲" : " ▼"}</span>
      </button>
    </th>
  );
}
