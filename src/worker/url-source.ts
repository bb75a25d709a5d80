// Layers from http(s): only from hosts the operator named, and not from this host's own network.
import { createHash } from "node:crypto";
import { lookup } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Transform } from "node:stream";
import { cancelled, StevedoreError } from "../error.js";
import type { OpenSource } from "./source.js";

export interface UrlPolicy {
  /** Hosts that may be asked, as `host` or `host:port`. */
  readonly allowedHosts: readonly string[];
  /** Whether an allowed host may have a private, loopback or link-local address. */
  readonly allowPrivateAddresses: boolean;
}

const redirectLimit = 5;
/** How long a server may be silent, in ms. */
const silenceLimit = 60_000;

/** Addresses that are not of the public Internet (IANA special-purpose registries, RFC 6890). */
const privateAddresses = new BlockList();
for (const [network, prefix] of [
  ...([
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
  ] as const),
  ...([
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["224.0.0.0", 3],
  ] as const),
]) {
  privateAddresses.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["::", 127],
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  privateAddresses.addSubnet(network, prefix, "ipv6");
}

/** True for an address that is private, loopback, link-local, multicast or reserved. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  return isIP(plain) === 0 || privateAddresses.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
}

/**
 * Opens a URL as a stream.
 * @throws `SOURCE_FORBIDDEN` (host, address, 401, 403), `SOURCE_NOT_FOUND` (404, 410), `INTERNAL` (tried
 * again) for a server that fails; `SOURCE_MISMATCH` from `finish` if the bytes have another sha256.
 */
export async function openUrl(
  { url, sha256 }: { readonly url: string; readonly sha256?: string | undefined },
  policy: UrlPolicy,
  signal: AbortSignal,
): Promise<OpenSource> {
  const response = await requestFollowing(new URL(url), policy, signal);
  const hash = createHash("sha256");
  let received = 0;
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      received += chunk.length;
      done(null, chunk);
    },
  });
  response.on("error", (error) =>
    hashing.destroy(signal.aborted ? cancelled(signal) : broken(url, error.message)),
  );
  response.on("aborted", () => hashing.destroy(broken(url, "the connection was cut")));
  const length = response.headers["content-length"];
  return {
    stream: response.pipe(hashing),
    size: length === undefined ? undefined : Number(length),
    async finish() {
      if (length !== undefined && received !== Number(length)) throw broken(url, "the connection was cut");
      const actual = hash.digest("hex");
      if (sha256 !== undefined && actual !== sha256) {
        throw new StevedoreError("SOURCE_MISMATCH", `${url}: sha256 is ${actual}, expected ${sha256}`);
      }
    },
    async [Symbol.asyncDispose]() {
      response.destroy();
      hashing.destroy();
    },
  };
}

async function requestFollowing(url: URL, policy: UrlPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  let target = url;
  for (let redirects = 0; redirects <= redirectLimit; redirects++) {
    const response = await requestOnce(target, policy, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return response;
    response.destroy();
    if ([301, 302, 303, 307, 308].includes(statusCode) && headers.location !== undefined) {
      target = new URL(headers.location, target);
      continue;
    }
    const message = `${target.href} answers ${statusCode}`;
    if ([401, 403].includes(statusCode)) throw new StevedoreError("SOURCE_FORBIDDEN", message);
    if ([404, 410].includes(statusCode)) throw new StevedoreError("SOURCE_NOT_FOUND", message);
    throw new StevedoreError("INTERNAL", message);
  }
  throw new StevedoreError("SOURCE_FORBIDDEN", `${url.href} redirects more than ${redirectLimit} times`);
}

function requestOnce(url: URL, policy: UrlPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  if (!["http:", "https:"].includes(url.protocol)) {
    throw new StevedoreError("SOURCE_FORBIDDEN", `${url.href} is not http or https`);
  }
  if (!policy.allowedHosts.some((host) => host === url.host || host === url.hostname)) {
    throw new StevedoreError(
      "SOURCE_FORBIDDEN",
      `${url.host} is not a host this worker may ask: start it with --allow-host ${url.host}`,
    );
  }
  const literal = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(literal) !== 0) assertAddressAllowed(literal, url, policy);
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const pending = request(
      url,
      // The address is checked where it is used: a second look-up could give another.
      {
        signal,
        timeout: silenceLimit,
        lookup: checkedLookup(url, policy),
        headers: { "accept-encoding": "identity" },
      },
      resolve,
    );
    pending.on("timeout", () => pending.destroy(broken(url.href, "no byte for 60 s")));
    pending.on("error", (error) => {
      if (error instanceof StevedoreError) reject(error);
      else reject(signal.aborted ? cancelled(signal) : broken(url.href, error.message));
    });
    pending.end();
  });
}

function checkedLookup(url: URL, policy: UrlPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      if (error === null) {
        try {
          const found = Array.isArray(address) ? address : [{ address }];
          for (const entry of found) assertAddressAllowed(entry.address, url, policy);
        } catch (forbidden) {
          return callback(forbidden as Error, "", 0);
        }
      }
      callback(error, address, family);
    });
  };
}

function assertAddressAllowed(address: string, url: URL, policy: UrlPolicy): void {
  if (policy.allowPrivateAddresses || !isPrivateAddress(address)) return;
  throw new StevedoreError(
    "SOURCE_FORBIDDEN",
    `${url.host} has the private address ${address}: start the worker with --allow-private-addresses`,
  );
}

function broken(url: string, why: string): StevedoreError {
  return new StevedoreError("INTERNAL", `${url}: ${why}`);
}
