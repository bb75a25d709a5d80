// What the server finds for a text while it is typed: one question at a time, and none for each letter.
import { useEffect, useState } from "preact/hooks";
import { ApiError, ask } from "./api.js";
import type { SearchAnswer } from "./api-types.js";

export interface Answered {
  /** What was asked for. */
  readonly text: string;
  readonly data?: SearchAnswer;
  readonly error?: ApiError;
}

/** How long after the last letter it is asked, in ms. */
const pause = 120;
/** How many images are listed while somebody types. */
const few = 12;

/** Asks at once. Throws an ApiError, and what an abort throws. */
export function askSearch(text: string, signal?: AbortSignal): Promise<SearchAnswer> {
  const query = new URLSearchParams({ q: text, limit: String(few) });
  return ask<SearchAnswer>(`search?${query}`, signal === undefined ? {} : { signal });
}

/** The last answer, which may be to an earlier text; undefined before the first. @param text empty asks nothing */
export function useSearchAnswers(text: string): Answered | undefined {
  const [answered, setAnswered] = useState<Answered>();
  useEffect(() => {
    if (text === "") {
      setAnswered(undefined);
      return;
    }
    const ended = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const data = await askSearch(text, ended.signal);
        if (!ended.signal.aborted) setAnswered({ text, data });
      } catch (error) {
        if (!ended.signal.aborted && error instanceof ApiError) setAnswered({ text, error });
      }
    }, pause);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [text]);
  return answered;
}
