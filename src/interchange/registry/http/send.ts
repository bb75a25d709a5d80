// Sends one request to a registry, and follows redirects of what is read: under the rules of addresses, without the
// credentials where another host or port is asked, never from https to http.
import { forbidden, type RequestKind, type Wait } from "../../../outbound/index.js";
import { StevedoreError } from "../../../terms/index.js";
import { type Answer, drop, type Sender } from "./answer.js";
import { pulling } from "./kinds.js";

/** One request. */
export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly url: URL;
  /** What messages name. Default: the URL. */
  readonly shown?: URL | undefined;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | AsyncIterable<Buffer> | undefined;
}

const redirectLimit = 5;
const redirectStatuses = [301, 302, 303, 307, 308];

/**
 * Sends one request, and returns the head of whatever is answered.
 * @throws the error of the connection as it came; the kind's refusal for a URL that is none for requests; the error of `wait`
 */
export async function sendOnce(
  { connections, signal }: Sender,
  { method, url, shown = url, headers, body }: RegistryRequest,
  wait: Wait,
): Promise<Answer> {
  const dispatcher = await connections.dispatcher();
  const over = new AbortController();
  const pending = dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { "user-agent": "stevedore", "accept-encoding": "identity", ...headers },
    ...(body === undefined ? {} : { body: body as Buffer }),
    signal: AbortSignal.any([signal, over.signal]),
  });
  const answer = await wait(shown, pending, (error) => over.abort(error));
  // The reader gets errors of the body; this is for those that come before there is a reader.
  answer.body.on("error", () => undefined);
  return { status: answer.statusCode, headers: answer.headers, body: answer.body, url, shown };
}

/** The same through redirects. Only for requests without a body. @throws the kind's refusal also for a redirect that is not followed */
export async function sendThrough(sender: Sender, request: RegistryRequest, wait: Wait): Promise<Answer> {
  const { kind } = sender;
  let next = { ...request, shown: request.shown ?? request.url };
  for (let redirects = 0; redirects <= redirectLimit; redirects++) {
    const answer = await sendOnce(sender, next, wait).catch((error: unknown) => {
      throw redirects > 0 && isRefusal(error)
        ? forbidden(next.shown, kind, `it leads to ${error.message}`)
        : error;
    });
    if (!redirectStatuses.includes(answer.status)) return answer;
    drop(answer);
    const url = targetOf(answer, kind);
    const { authorization, ...others } = next.headers;
    const keeps = url.origin === next.url.origin && authorization !== undefined;
    next = { ...next, url, headers: keeps ? { ...others, authorization } : others };
  }
  throw forbidden(next.shown, kind, `it redirects more than ${redirectLimit} times`);
}

/** True for the error of an address that may not be asked: it names the host alone. */
function isRefusal(error: unknown): error is StevedoreError {
  return error instanceof StevedoreError && error.code === pulling.refusal;
}

/** Resolves the `Location` of an answer. @throws the kind's refusal for none, and for one that may not be followed */
export function targetOf({ headers, url: from, shown }: Answer, kind: RequestKind): URL {
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw forbidden(shown, kind, "it leads to no valid URL");
  }
  const target = new URL(location, from);
  if (!["http:", "https:"].includes(target.protocol)) {
    throw forbidden(shown, kind, `it leads to a URL that is not http or https`);
  }
  if (target.username !== "" || target.password !== "") {
    throw forbidden(shown, kind, "it leads to a URL with a user or password");
  }
  if (from.protocol === "https:" && target.protocol === "http:") {
    throw forbidden(shown, kind, "it leads from https to http");
  }
  return target;
}
