// The hosts that a worker may ask: reads `--allow-host` and its kin, and compares them with the host of a URL.
import { isIP } from "node:net";
import { StevedoreError } from "../terms/index.js";

/** An allowed host, on one port or on any. */
export interface AllowedHost {
  /** As the URL parser writes it: lower case, in punycode, an IPv4 address dotted, an IPv6 address in brackets. */
  readonly hostname: string;
  readonly port: number | undefined;
}

/**
 * Reads `host` or `host:port`; an IPv6 address takes brackets if it has a port.
 * @throws `INVALID_OPTION` for anything else, such as a URL
 */
export function parseAllowedHost(text: string): AllowedHost {
  return parseHost(text, "--allow-host");
}

/** The same of `--allow-notify`. @throws `INVALID_OPTION` */
export function parseNotifyHost(text: string): AllowedHost {
  return parseHost(text, "--allow-notify");
}

/** The same of `--allow-registry` and `--registry-insecure`. @throws `INVALID_OPTION` */
export function parseRegistryHost(
  text: string,
  flag: "--allow-registry" | "--registry-insecure" = "--allow-registry",
): AllowedHost {
  return parseHost(text, flag);
}

function parseHost(text: string, flag: string): AllowedHost {
  const authority = isIP(text) === 6 ? `[${text}]` : text;
  const isPlain = !/[/?#@\\*\s]/.test(authority) && URL.canParse(`http://${authority}`);
  if (!isPlain) {
    throw new StevedoreError(
      "INVALID_OPTION",
      `${flag} ${JSON.stringify(text)} is not a valid host: use host or host:port`,
    );
  }
  const { hostname } = new URL(`http://${authority}`);
  // Not from the URL, which has no port if it is the default port of http.
  const port = /(?:^[^[:]*|\]):(\d+)$/.exec(authority)?.[1];
  return { hostname, port: port === undefined ? undefined : Number(port) };
}

/** True if one of the hosts is that of the URL, on its port. */
export function isHostAllowed(url: URL, hosts: readonly AllowedHost[]): boolean {
  const port = portOf(url);
  return hosts.some((host) => host.hostname === url.hostname && (host.port ?? port) === port);
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}
