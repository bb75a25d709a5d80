// Asks a registry until it answers: authenticates where it is challenged, waits where it is told to, tries again where the
// connection breaks.
import { type Patience, rest } from "../../../outbound/index.js";
import { type Answer, drop, headerOf, type Sender } from "./answer.js";
import { explain, isPassing } from "./failures.js";
import { refused } from "./refusals.js";
import { type RegistryRequest, sendOnce, sendThrough } from "./send.js";

/** The `Authorization` of requests to one registry. */
export interface Authorization {
  /** The header, of a token that will be valid for a while; undefined as long as none was asked for. */
  header(): Promise<string | undefined>;
  /**
   * Answers the challenge of a 401.
   * @param used the header that was refused
   * @returns false if the challenge cannot be answered otherwise than it was
   * @throws the refusal of a token server; `INTERNAL` for one that fails
   */
  renew(challenges: string | readonly string[] | undefined, used: string | undefined): Promise<boolean>;
}

/** By whom and how patiently a registry is asked. */
export interface Asker extends Sender {
  readonly patience: Patience;
  readonly authorization: Authorization;
  /** How often a failing server and a broken connection are tried again. */
  readonly retries: number;
  /** Whether a server that asks by `Retry-After` to be left alone is waited for. */
  readonly heedsRetryAfter: boolean;
}

/** The first pause before a server that fails is asked again, in ms. Each further pause is twice as long. */
const firstPause = 250;
/** The longest pause that a server does not ask for, in ms. */
const longestPause = 30_000;
/** How often a server that asks to be left alone is asked again all the same. */
const mostThrottles = 100;

/**
 * Sends a request and returns its answer, if that has one of the statuses.
 * @throws as `refused` for any other answer; as `explain`
 */
export async function ask(
  asker: Asker,
  request: RegistryRequest,
  accepted: readonly number[],
): Promise<Answer> {
  const { patience, authorization, signal, kind } = asker;
  const shown = request.shown ?? request.url;
  const send = request.method === "GET" || request.method === "HEAD" ? sendThrough : sendOnce;
  let failures = 0;
  let throttles = 0;
  let isRenewed = false;
  for (;;) {
    const used = await authorization.header();
    let answer: Answer;
    try {
      answer = await send(asker, withHeader(request, used), patience.wait);
    } catch (error) {
      if (signal.aborted || !isPassing(error) || failures >= asker.retries) {
        throw explain(error, shown, kind, signal);
      }
      await rest(pauseOf(failures++), signal);
      continue;
    }
    if (accepted.includes(answer.status)) return answer;
    if (answer.status === 401 && !isRenewed && answer.url.origin === request.url.origin) {
      isRenewed = true;
      const isAnswered = await authorization.renew(answer.headers["www-authenticate"], used);
      if (!isAnswered) throw await refused(answer, asker, patience.wait);
      drop(answer);
      continue;
    }
    const asked = retryAfter(answer);
    if (asked !== undefined && asker.heedsRetryAfter && throttles < mostThrottles) {
      drop(answer);
      await patience.pause(shown, Math.max(asked, pauseOf(throttles++)), signal);
    } else if ((answer.status >= 500 || answer.status === 429) && failures < asker.retries) {
      drop(answer);
      await rest(pauseOf(failures++), signal);
    } else {
      throw await refused(answer, asker, patience.wait);
    }
  }
}

/** How long to wait before the next try after so many, in ms. */
export function pauseOf(tries: number): number {
  return Math.min(firstPause * 2 ** tries, longestPause);
}

function withHeader(request: RegistryRequest, authorization: string | undefined): RegistryRequest {
  return authorization === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization } };
}

/**
 * The pause that a 429 or 503 asks for by `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), in ms. A date is one by the
 * server's clock: it counts from the answer's own, where that has one.
 */
export function retryAfter({ status, headers }: Answer): number | undefined {
  const value = [429, 503].includes(status) ? headerOf(headers, "retry-after") : undefined;
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return Number(value) * 1_000;
  const moment = Date.parse(value);
  const answered = Date.parse(headerOf(headers, "date") ?? "");
  const from = Number.isNaN(answered) ? Date.now() : answered;
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - from);
}
