// Makes one HTTP request under the worker's rules: to allowed hosts at allowed addresses only, through every redirect.
import { lookup } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { cancelled, isErrno, StevedoreError } from "../../terms/index.js";
import { isPrivateAddress } from "./address.js";
import { type AllowedHost, isHostAllowed } from "./allowed-hosts.js";

/** Where the worker may send requests. */
export interface HostPolicy {
  readonly allowedHosts: readonly AllowedHost[];
  /** Whether an allowed host may have a private, loopback or link-local address. */
  readonly allowPrivateAddresses: boolean;
}

/** Waits for a server's answer. When that takes too long, `giveUp` is called with an error, and must make `answer` fail. */
export type Wait = <T>(url: URL, answer: Promise<T>, giveUp: (error: Error) => void) => Promise<T>;

const redirectLimit = 5;
/** How much of a URL a message repeats, in characters. */
const shownLength = 200;

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
  policy: HostPolicy,
  wait: Wait,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const accepted = "range" in headers ? [200, 206] : [200];
  let target = url;
  for (let redirects = 0; redirects <= redirectLimit; redirects++) {
    assertMayBeAsked(target, policy);
    const response = await requestOnce(target, headers, policy, wait, signal);
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

/** A URL as messages and logs may show it: cut, and without its query, which may hold a signature. */
export function shownUrl({ protocol, host, pathname, search }: URL): string {
  const whole = `${protocol}//${host}${pathname}`;
  return `${whole.slice(0, shownLength)}${whole.length > shownLength || search !== "" ? "…" : ""}`;
}

/** The error of a server that fails: the job is retried. */
export function broken(url: URL, why: string, cause?: unknown): StevedoreError {
  return new StevedoreError("INTERNAL", `${shownUrl(url)}: ${why}`, { cause });
}

function forbidden(url: URL, why: string): StevedoreError {
  return new StevedoreError("SOURCE_FORBIDDEN", `${shownUrl(url)}: ${why}`);
}

function assertMayBeAsked(url: URL, policy: HostPolicy): void {
  if (!["http:", "https:"].includes(url.protocol)) throw forbidden(url, "it is not http or https");
  if (url.username !== "" || url.password !== "") throw forbidden(url, "it holds a user or password");
  if (!isHostAllowed(url, policy.allowedHosts)) {
    throw forbidden(
      url,
      `${url.host} is not a host this worker may ask: start it with --allow-host ${url.host}`,
    );
  }
  // A host name is checked when it is resolved.
  const literal = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(literal) !== 0) assertAddressAllowed(literal, url, policy);
}

function requestOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  policy: HostPolicy,
  wait: Wait,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const pending = request(url, {
    signal,
    // A new connection each time: a kept one may have been opened under other rules. Neither a proxy nor a switch of the
    // environment that turns off the check of certificates is heeded.
    agent: false,
    rejectUnauthorized: true,
    // The address is checked in the look-up that is used: a second one could give another address.
    lookup: checkedLookup(url, policy),
    headers: { "accept-encoding": "identity", ...headers },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    pending.on("response", (response) => {
      // The reader gets errors of the body; this is for those that come before there is a reader.
      response.on("error", () => undefined);
      resolve(response);
    });
    pending.on("error", (error) => reject(explain(error, url, signal)));
    pending.on("close", () => reject(broken(url, "the connection was closed")));
  });
  pending.end();
  return wait(url, answer, (error) => pending.destroy(error));
}

/** Translates an error of Node's HTTP client. */
export function explain(error: unknown, url: URL, signal: AbortSignal): StevedoreError {
  if (signal.aborted) return cancelled(signal);
  if (error instanceof StevedoreError) return error;
  if (isErrno(error, "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE")) {
    return broken(url, "the connection was cut", error);
  }
  // Of several addresses that were tried, the first one's error.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return broken(url, first instanceof Error ? first.message : String(first), error);
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
    throw new StevedoreError("SOURCE_NOT_FOUND", `${shownUrl(from)}: ${why}`);
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
    `${shownUrl(url)}: the server sends it encoded (${JSON.stringify(which)}), although its plain bytes were asked for`,
  );
}

function checkedLookup(url: URL, policy: HostPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      if (error === null) {
        try {
          const found = Array.isArray(address) ? address : [{ address }];
          for (const entry of found) assertAddressAllowed(entry.address, url, policy);
        } catch (refused) {
          return callback(refused as Error, "", 0);
        }
      }
      callback(error, address, family);
    });
  };
}

function assertAddressAllowed(address: string, url: URL, policy: HostPolicy): void {
  if (policy.allowPrivateAddresses || !isPrivateAddress(address)) return;
  throw forbidden(
    url,
    `${url.host} has the private address ${address}: start the worker with --allow-private-addresses`,
  );
}
