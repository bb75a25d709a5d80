// What a part of a page shows of the server: asked for when it appears, again when it may have changed, and until it is
// there when the server or Redis is away.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "./api.js";
import { generation } from "./live.js";

export interface Resource<T> {
  /** The last answer; kept while a newer one is asked for. */
  readonly data: T | undefined;
  /** Why there is no newer one. */
  readonly error: ApiError | undefined;
  /** Asks again: soon, and once for all calls that come meanwhile. */
  reload(): void;
}

/** How long until what failed is asked again, in ms. */
const retryInterval = 2_000;
/** How often something is asked at most because it may have changed, in ms. */
const reloadInterval = 1_000;

/** @param path below `/api/v1/`; undefined asks nothing. @param every how often it is asked anew, in ms */
export function useResource<T>(path: string | undefined, every?: number): Resource<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: ApiError }>({});
  const again = useRef<() => void>(() => undefined);
  const shownGeneration = generation.value;

  // After an outage all is asked anew.
  useEffect(() => {
    if (path === undefined) return;
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    let askedAt = 0;
    let isWanted = false;
    const plan = (wait: number) => {
      clearTimeout(timer);
      timer = setTimeout(load, wait);
    };
    const load = async () => {
      isAsking = true;
      isWanted = false;
      askedAt = Date.now();
      let next = every;
      try {
        const data = await ask<T>(path, { signal: ended.signal });
        if (!ended.signal.aborted) setState({ path, data });
      } catch (error) {
        if (ended.signal.aborted || !(error instanceof ApiError)) return;
        if (error.isPassing) next = retryInterval;
        setState((last) => (last.path === path ? { ...last, error } : { path, error }));
      } finally {
        isAsking = false;
      }
      if (ended.signal.aborted) return;
      if (isWanted) plan(reloadInterval);
      else if (next !== undefined) plan(next);
    };
    again.current = () => {
      if (isAsking || isWanted) {
        isWanted = true;
        return;
      }
      isWanted = true;
      plan(Math.max(0, askedAt + reloadInterval - Date.now()));
    };
    void load();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [path, every, shownGeneration]);

  const reload = useCallback(() => again.current(), []);
  // What was asked for another path is not shown for this one.
  const isCurrent = state.path === path;
  return { data: isCurrent ? state.data : undefined, error: isCurrent ? state.error : undefined, reload };
}
