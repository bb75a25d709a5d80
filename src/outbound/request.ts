// Makes one HTTP request of a worker under its rules: to allowed hosts at allowed addresses only. Redirects are not followed.
import { lookup } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { cancelled, type ErrorCode, isErrno, StevedoreError } from "../terms/index.js";
import { isPrivateAddress } from "./address.js";
import { type AllowedHost, isHostAllowed } from "./allowed-hosts.js";

/** Where the worker may send requests. */
export interface HostPolicy {
  readonly allowedHosts: readonly AllowedHost[];
  /** Whether an allowed host may have a private, loopback or link-local address. */
  readonly allowPrivateAddresses: boolean;
}

/** What requests are for: by which flag an operator allows their hosts, and the code of what is not allowed. */
export interface RequestKind {
  readonly flag: "--allow-host" | "--allow-notify" | "--allow-registry";
  readonly refusal: ErrorCode;
  /** The code of a server that fails. */
  readonly failure: ErrorCode;
}

/** One request. */
export interface OutboundRequest {
  /** Default: GET. */
  readonly method?: "POST" | undefined;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** Waits for a server's answer. When that takes too long, `giveUp` is called with an error, and must make `answer` fail. */
export type Wait = <T>(url: URL, answer: Promise<T>, giveUp: (error: Error) => void) => Promise<T>;

/** How much of a URL a message repeats, in characters. */
const shownLength = 200;

/**
 * Sends one request, and returns the head of whatever the server answers.
 * @throws the kind's refusal (host, address, scheme, credentials), its failure, the error of `wait`, `CANCELLED`
 */
export function requestOnce(
  url: URL,
  { method, headers, body }: OutboundRequest,
  policy: HostPolicy,
  kind: RequestKind,
  wait: Wait,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  assertMayBeAsked(url, policy, kind);
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const pending = request(url, {
    ...(method === undefined ? {} : { method }),
    signal,
    // A new connection each time: a kept one may have been opened under other rules. Neither a proxy nor a switch of the
    // environment that turns off the check of certificates is heeded.
    agent: false,
    rejectUnauthorized: true,
    // The address is checked in the look-up that is used: a second one could give another address.
    lookup: checkedLookup((address) => assertAddressAllowed(address, url, policy, kind)),
    headers: { "accept-encoding": "identity", ...headers },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    pending.on("response", (response) => {
      // The reader gets errors of the body; this is for those that come before there is a reader.
      response.on("error", () => undefined);
      resolve(response);
    });
    pending.on("error", (error) => reject(explain(error, url, kind, signal)));
    pending.on("close", () => reject(broken(url, kind, "the connection was closed")));
  });
  pending.end(body);
  return wait(url, answer, (error) => pending.destroy(error));
}

/** A URL as messages and logs may show it: cut, and without its query, which may hold a signature. */
export function shownUrl({ protocol, host, pathname, search }: URL): string {
  const whole = `${protocol}//${host}${pathname}`;
  return `${whole.slice(0, shownLength)}${whole.length > shownLength || search !== "" ? "…" : ""}`;
}

/** The error of a server that fails: what asked it is tried again. */
export function broken(url: URL, kind: RequestKind, why: string, cause?: unknown): StevedoreError {
  return new StevedoreError(kind.failure, `${shownUrl(url)}: ${why}`, { cause });
}

/** The error of what is not allowed: it stays so. */
export function forbidden(url: URL, kind: RequestKind, why: string): StevedoreError {
  return new StevedoreError(kind.refusal, `${shownUrl(url)}: ${why}`);
}

function assertMayBeAsked(url: URL, policy: HostPolicy, kind: RequestKind): void {
  if (!["http:", "https:"].includes(url.protocol)) throw forbidden(url, kind, "it is not http or https");
  if (url.username !== "" || url.password !== "") throw forbidden(url, kind, "it holds a user or password");
  if (!isHostAllowed(url, policy.allowedHosts)) {
    throw forbidden(
      url,
      kind,
      `${url.host} is not a host this worker may ask: start it with ${kind.flag} ${url.host}`,
    );
  }
  // A host name is checked when it is resolved.
  const literal = literalAddress(url);
  if (literal !== undefined) assertAddressAllowed(literal, url, policy, kind);
}

/** The address that is the host of a URL; undefined for a name, whose addresses a look-up finds. */
export function literalAddress({ hostname }: URL): string | undefined {
  const literal = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(literal) === 0 ? undefined : literal;
}

/** Translates an error of Node's HTTP client. */
export function explain(error: unknown, url: URL, kind: RequestKind, signal: AbortSignal): StevedoreError {
  if (signal.aborted) return cancelled(signal);
  if (error instanceof StevedoreError) return error;
  if (isErrno(error, "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE")) {
    return broken(url, kind, "the connection was cut", error);
  }
  // Of several addresses that were tried, the first one's error.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return broken(url, kind, first instanceof Error ? first.message : String(first), error);
}

/** A look-up for a connection. Each address that it finds goes through `assertAllowed`, whose error is that of the connection. */
export function checkedLookup(assertAllowed: (address: string) => void): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      if (error === null) {
        try {
          const found = Array.isArray(address) ? address : [{ address }];
          for (const entry of found) assertAllowed(entry.address);
        } catch (refused) {
          return callback(refused as Error, "", 0);
        }
      }
      callback(error, address, family);
    });
  };
}

function assertAddressAllowed(address: string, url: URL, policy: HostPolicy, kind: RequestKind): void {
  if (policy.allowPrivateAddresses || !isPrivateAddress(address)) return;
  throw forbidden(
    url,
    kind,
    `${url.host} has the private address ${address}: start the worker with --allow-private-addresses`,
  );
}
