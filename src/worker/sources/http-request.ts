// Requests what a worker downloads, through redirects, each under the rules of requests.
import type { IncomingMessage } from "node:http";
import * as outbound from "../../outbound/index.js";
import { StevedoreError } from "../../terms/index.js";

/** What these requests are for. */
export const download: outbound.RequestKind = {
  flag: "--allow-host",
  refusal: "SOURCE_FORBIDDEN",
  failure: "INTERNAL",
};
const redirectLimit = 5;

/**
 * Requests a URL and follows redirects, but none from https to http.
 * @param headers of the request, in lower case
 * @returns the response, of status 200, or 206 if a range was requested
 * @throws `SOURCE_FORBIDDEN` (host, address, scheme, 401, 403), `SOURCE_NOT_FOUND` (404, 410), `SOURCE_MISMATCH` for an
 * response that is encoded, `INTERNAL` for a server that fails, the error of `wait`, `CANCELLED`
 */
export async function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  policy: outbound.HostPolicy,
  wait: outbound.Wait,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const accepted = "range" in headers ? [200, 206] : [200];
  let target = url;
  for (let redirects = 0; redirects <= redirectLimit; redirects++) {
    const response = await outbound.requestOnce(target, { headers }, policy, download, wait, signal);
    try {
      const { statusCode = 0 } = response;
      if (accepted.includes(statusCode)) {
        assertNotEncoded(response, target);
        return response;
      }
      target = nextTarget(response, target);
    } catch (error) {
      response.destroy();
      throw error;
    }
    response.destroy();
  }
  throw forbidden(url, `it redirects more than ${redirectLimit} times`);
}

/** The error of a server that fails: the job is retried. */
export function broken(url: URL, why: string, cause?: unknown): StevedoreError {
  return outbound.broken(url, download, why, cause);
}

/** Translates an error of Node's HTTP client. */
export function explain(error: unknown, url: URL, signal: AbortSignal): StevedoreError {
  return outbound.explain(error, url, download, signal);
}

function forbidden(url: URL, why: string): StevedoreError {
  return outbound.forbidden(url, download, why);
}

/** The target of a redirect. @throws for any other response */
function nextTarget({ statusCode = 0, headers }: IncomingMessage, from: URL): URL {
  if ([301, 302, 303, 307, 308].includes(statusCode) && headers.location !== undefined) {
    if (!URL.canParse(headers.location, from.href)) throw forbidden(from, "it redirects to an invalid URL");
    const next = new URL(headers.location, from);
    if (from.protocol === "https:" && next.protocol === "http:") {
      throw forbidden(from, "it redirects from https to http");
    }
    return next;
  }
  const why = `the server answers ${statusCode}`;
  if ([401, 403].includes(statusCode)) throw forbidden(from, why);
  if ([404, 410].includes(statusCode))
    throw new StevedoreError("SOURCE_NOT_FOUND", `${outbound.shownUrl(from)}: ${why}`);
  throw broken(from, why);
}

/** An encoded body would have another sha256 and length than the file. */
function assertNotEncoded({ headers }: IncomingMessage, url: URL): void {
  const encoding = headers["content-encoding"] ?? "identity";
  const transfer = headers["transfer-encoding"] ?? "chunked";
  if (/^identity$/i.test(encoding) && /^(chunked|identity)$/i.test(transfer)) return;
  const which = /^identity$/i.test(encoding) ? transfer : encoding;
  throw new StevedoreError(
    "SOURCE_MISMATCH",
    `${outbound.shownUrl(url)}: the server sends it encoded (${JSON.stringify(which)}), although its plain bytes were asked for`,
  );
}
