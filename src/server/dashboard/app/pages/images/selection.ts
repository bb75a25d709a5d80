// Which rows of the list of images are chosen: some, or all that the list has but some.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ImageRow, ImageWindow } from "../../api-types.js";
import { fetchRows, type Windowed } from "../../lists/index.js";

interface Chosen {
  readonly mode: "some" | "all";
  /** With `some` those that are chosen, with `all` those that are not. */
  readonly rows: ReadonlyMap<string, ImageRow>;
}

export interface Selection {
  readonly count: number;
  readonly isAll: boolean;
  has(row: ImageRow): boolean;
  /** @param isRange whether all from the row that was pressed before come with it */
  toggle(row: ImageRow, index: number, isRange: boolean): Promise<void>;
  toggleAll(): void;
  clear(): void;
  /** The rows themselves: those that were never in view are asked for. */
  rows(): Promise<readonly ImageRow[]>;
}

const nobody: Chosen = { mode: "some", rows: new Map() };
const rowsOf = ({ images }: ImageWindow) => images;

/** @param question what the list is asked, without its order: what was chosen of another is not kept */
export function useSelection(list: Windowed<ImageRow>, path: string, question: string): Selection {
  const [chosen, setChosen] = useState<Chosen>(nobody);
  const anchor = useRef<number | undefined>(undefined);
  useEffect(() => {
    setChosen(nobody);
    anchor.current = undefined;
  }, [question]);
  useEffect(() => {
    anchor.current = undefined;
  }, [path]);
  const total = list.total ?? 0;
  const isAll = chosen.mode === "all";
  const has = ({ id }: ImageRow) => chosen.rows.has(id) !== isAll;

  return {
    count: isAll ? Math.max(0, total - chosen.rows.size) : chosen.rows.size,
    isAll,
    has,
    async toggle(row, index, isRange) {
      const isChosen = !has(row);
      const from = anchor.current;
      anchor.current = index;
      const [first, last] =
        isRange && from !== undefined ? [Math.min(from, index), Math.max(from, index)] : [index, index];
      const inView = Array.from({ length: last - first + 1 }, (_, at) => list.rowAt(first + at));
      const rows = inView.every((each) => each !== undefined)
        ? (inView as readonly ImageRow[])
        : await fetchRows<ImageRow, ImageWindow>(path, rowsOf, first, last - first + 1);
      setChosen(({ mode, rows: known }) => {
        const next = new Map(known);
        for (const each of first === last ? [row] : rows) {
          if (isChosen === (mode === "some")) next.set(each.id, each);
          else next.delete(each.id);
        }
        return { mode, rows: next };
      });
    },
    toggleAll: () => setChosen((last) => (last === nobody ? { mode: "all", rows: new Map() } : nobody)),
    clear: () => setChosen(nobody),
    async rows() {
      if (!isAll) return [...chosen.rows.values()];
      const rows = await fetchRows<ImageRow, ImageWindow>(path, rowsOf);
      return rows.filter(({ id }) => !chosen.rows.has(id));
    },
  };
}
