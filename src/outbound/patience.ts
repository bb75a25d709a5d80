// How long a server may be waited for: the limits of one download or upload, which count only the time spent waiting.
import { setTimeout as sleep } from "node:timers/promises";
import { cancelled, StevedoreError } from "../terms/index.js";
import { broken, type RequestKind, shownUrl, type Wait } from "./request.js";

/** How long a download may take. */
export interface DownloadLimits {
  /** How long a download may wait for its server in all, in ms. */
  readonly downloadMs: number;
  /** How long the server may be silent, in ms. */
  readonly downloadSilenceMs: number;
  /** How often a download that breaks is resumed. */
  readonly downloadResumes: number;
}

/** The waiting of one download or upload, by its limits. */
export interface Patience {
  readonly wait: Wait;
  /**
   * Waits as long as the server asks to be left alone. The time counts as spent on it.
   * @throws `LIMIT_EXCEEDED` at once if so much is not left; `CANCELLED`
   */
  pause(url: URL, ms: number, signal: AbortSignal): Promise<void>;
}

/** The longest time of a Node timer, in ms: a timer with a longer one fires at once. */
const longestTimer = 2 ** 31 - 1;

/** Waits before a server that failed is asked again. @throws `CANCELLED` */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw cancelled(signal);
  }
}

/** Begins to count the time that is spent waiting. */
export function startPatience(
  { downloadMs, downloadSilenceMs }: Pick<DownloadLimits, "downloadMs" | "downloadSilenceMs">,
  kind: RequestKind,
): Patience {
  let waited = 0;
  const left = () => Math.max(0, downloadMs - waited);
  return {
    async wait(url, answer, giveUp) {
      const most = left();
      const begun = performance.now();
      const late = () => giveUp(most <= downloadSilenceMs ? tookTooLong(url) : silent(url));
      const timer = setTimeout(late, Math.min(most, downloadSilenceMs, longestTimer));
      try {
        return await answer;
      } finally {
        clearTimeout(timer);
        waited += performance.now() - begun;
      }
    },
    async pause(url, ms, signal) {
      if (ms > Math.min(left(), longestTimer)) throw asksForTooLong(url, ms);
      await rest(ms, signal);
      waited += ms;
    },
  };

  function tookTooLong(url: URL): StevedoreError {
    return tooLong(url, `its server was waited for for more than ${downloadMs / 1_000} s`);
  }

  function asksForTooLong(url: URL, ms: number): StevedoreError {
    const asked = Math.round(ms / 1_000);
    return tooLong(
      url,
      `its server asks to be left alone for ${asked} s, and is waited for for ${downloadMs / 1_000} s in all`,
    );
  }

  function tooLong(url: URL, what: string): StevedoreError {
    return new StevedoreError(
      "LIMIT_EXCEEDED",
      `${shownUrl(url)}: ${what}: --download-time raises the limit`,
    );
  }

  function silent(url: URL): StevedoreError {
    return broken(
      url,
      kind,
      `its server was silent for ${downloadSilenceMs / 1_000} s (--download-silence raises the limit)`,
    );
  }
}
