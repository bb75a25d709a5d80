// The names that graphs are served under, and those of the hosts that serve them: they become part of keys in Redis, of
// the names of queues, and of file names.

import { quote } from "./quote.js";

/** The names a graph may be served under. */
export const graphNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const defaultGraphName = "default";

/** The names a host may have. */
export const hostNamePattern = graphNamePattern;

/** What such a name takes, as a message says it. */
export const nameRule = "takes 1 to 64 of A-Z a-z 0-9 _ . - and begins with a letter or digit";

/** What to tell of a text that cannot be the name of a graph. */
export function invalidGraphName(name: string): string {
  return `${quote(name)} is not a valid graph name: it ${nameRule}`;
}

/** What to tell of a text that cannot be the name of a host. */
export function invalidHostName(name: string): string {
  return `${quote(name)} is not a valid host name: it ${nameRule}`;
}
