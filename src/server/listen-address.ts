// Where a server listens: `HOST:PORT`, or a port of the loopback interface.
import { isIP } from "node:net";

export interface ListenAddress {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** The default address. */
export const defaultListenAddress: ListenAddress = { host: "127.0.0.1", port: 7878 };

/** Reads `7878`, `0.0.0.0:7878`, `[::1]:7878` or `name:7878`; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const parsed = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(text);
  if (parsed === null) return undefined;
  const [, bracketed, plain, digits] = parsed;
  const port = Number(digits);
  if (port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined;
  return { host: bracketed ?? plain ?? defaultListenAddress.host, port };
}

/** True for an address that only this host can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
