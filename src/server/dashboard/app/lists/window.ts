// A list that the server answers in windows: pages are asked for as they come into view, all of one count of the server's.
import { useCallback, useEffect, useReducer, useRef } from "preact/hooks";
import { ApiError, ask } from "../api.js";
import { generation } from "../live.js";

/** What an answer has besides its rows. */
interface WindowAnswer {
  readonly total: number;
  /** Which count of the server's it is of, where it tells. */
  readonly asOf?: number;
  /** Whether a newer count is under way. */
  readonly outdated?: boolean;
}

export interface Windowed<Row> {
  /** Undefined until the server has answered. While another list is asked for, that of the former stays. */
  readonly total: number | undefined;
  readonly error: ApiError | undefined;
  /** True while another list than the one that is shown is asked for. */
  readonly isBusy: boolean;
  /** Undefined for a row that has not come yet. */
  rowAt(index: number): Row | undefined;
  /** Says which rows are in view. */
  want(first: number, last: number): void;
  /** Asks again: soon, and once for all calls that come meanwhile. */
  reload(): void;
}

/** How many rows are asked for at a time. */
const pageSize = 100;
/** How many pages are kept. */
const mostPages = 60;
/** How long rows must be in view before they are asked for, in ms: who drags the scroll bar passes many by. */
const patience = 60;
/** How often a list is asked for at most because it may have changed, in ms. */
const reloadInterval = 1_000;
/** How long until what failed is asked again, in ms. */
const retryInterval = 2_000;
/** How many rows come at a time to who wants all of them. */
const bulkSize = 1_000;

interface List<Row> {
  readonly path: string;
  readonly pages: Map<number, readonly Row[]>;
  readonly asking: Set<number>;
  readonly ended: AbortController;
  total: number;
  asOf: number | undefined;
}

/**
 * @param path below `/api/v1/`, with the query that chooses the list
 * @param rowsOf the rows of an answer
 */
export function useWindow<Row, Answer extends WindowAnswer>(
  path: string,
  rowsOf: (answer: Answer) => readonly Row[],
): Windowed<Row> {
  const [, render] = useReducer((count: number, _: undefined) => count + 1, 0);
  const shown = useRef<List<Row> | undefined>(undefined);
  const next = useRef<List<Row> | undefined>(undefined);
  const error = useRef<ApiError | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const wantTimer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const askedAt = useRef(0);
  const firstInView = useRef(0);
  const current = useRef(path);
  const shownGeneration = generation.value;

  const askPage = async (list: List<Row>, page: number, isFresh: boolean) => {
    const asOf = list.asOf === undefined ? "" : `&asOf=${list.asOf}`;
    const answer = await ask<Answer>(
      `${windowOf(list.path, page * pageSize, pageSize)}${isFresh ? "&fresh=true" : asOf}`,
      { signal: list.ended.signal },
    );
    // The server has counted anew: what was there before is of another list.
    if (list.asOf !== answer.asOf) list.pages.clear();
    list.asOf = answer.asOf;
    list.total = answer.total;
    list.pages.set(page, rowsOf(answer));
    const [oldest = page] = list.pages.keys();
    if (list.pages.size > mostPages) list.pages.delete(oldest);
    return answer;
  };

  const begin = useCallback(async (isFresh = false) => {
    const wanted = current.current;
    next.current?.ended.abort();
    const isSame = shown.current?.path === wanted;
    const list: List<Row> = {
      path: wanted,
      pages: new Map(),
      asking: new Set(),
      ended: new AbortController(),
      total: 0,
      asOf: undefined,
    };
    next.current = list;
    askedAt.current = Date.now();
    render(undefined);
    try {
      const page = isSame ? Math.floor(firstInView.current / pageSize) : 0;
      const answer = await askPage(list, page, isFresh);
      if (list.ended.signal.aborted) return;
      shown.current?.ended.abort();
      shown.current = list;
      next.current = undefined;
      error.current = undefined;
      if (answer.outdated === true) void begin(true);
    } catch (why) {
      if (list.ended.signal.aborted || !(why instanceof ApiError)) return;
      next.current = undefined;
      error.current = why;
      // What was shown for another question is no answer to this one.
      if (!isSame) shown.current = undefined;
      if (why.isPassing) plan(retryInterval);
    }
    render(undefined);
  }, []);

  const plan = useCallback((wait: number) => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void begin();
    }, wait);
  }, []);

  // After an outage all is asked anew.
  useEffect(() => {
    current.current = path;
    void begin();
  }, [path, shownGeneration]);

  useEffect(
    () => () => {
      clearTimeout(timer.current);
      clearTimeout(wantTimer.current);
      next.current?.ended.abort();
      shown.current?.ended.abort();
    },
    [],
  );

  const load = async (list: List<Row>, page: number) => {
    list.asking.add(page);
    try {
      await askPage(list, page, false);
    } catch (why) {
      if (list.ended.signal.aborted || !(why instanceof ApiError)) return;
      error.current = why;
      if (why.isPassing) plan(retryInterval);
    } finally {
      list.asking.delete(page);
    }
    render(undefined);
  };

  const want = useCallback((first: number, last: number) => {
    firstInView.current = first;
    clearTimeout(wantTimer.current);
    wantTimer.current = setTimeout(() => {
      const list = shown.current;
      if (list === undefined) return;
      for (let page = Math.floor(first / pageSize); page * pageSize <= last; page++) {
        if (!list.pages.has(page) && !list.asking.has(page)) void load(list, page);
      }
    }, patience);
  }, []);

  const reload = useCallback(() => plan(Math.max(0, askedAt.current + reloadInterval - Date.now())), []);

  const list = shown.current;
  return {
    total: list?.total,
    error: error.current,
    isBusy: next.current !== undefined && next.current.path !== list?.path,
    rowAt: (index) => list?.pages.get(Math.floor(index / pageSize))?.[index % pageSize],
    want,
    reload,
  };
}

/** All rows of a part of a list. Throws an ApiError. @param count of them. Default: to its end */
export async function fetchRows<Row, Answer extends WindowAnswer>(
  path: string,
  rowsOf: (answer: Answer) => readonly Row[],
  offset = 0,
  count = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const rows: Row[] = [];
  let asOf = "";
  for (;;) {
    const limit = Math.min(bulkSize, count - rows.length);
    if (limit <= 0) return rows;
    const answer = await ask<Answer>(`${windowOf(path, offset + rows.length, limit)}${asOf}`);
    const found = rowsOf(answer);
    rows.push(...found);
    if (answer.asOf !== undefined) asOf = `&asOf=${answer.asOf}`;
    if (found.length === 0 || offset + rows.length >= answer.total) return rows;
  }
}

function windowOf(path: string, offset: number, limit: number): string {
  return `${path}${path.includes("?") ? "&" : "?"}offset=${offset}&limit=${limit}`;
}
