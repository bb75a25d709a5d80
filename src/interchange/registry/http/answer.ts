// What a registry answers: its head, and a body that is to be read or dropped.
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { broken, type RequestKind } from "../../../outbound/index.js";
import type { Connections } from "./connections.js";

/** The head of an answer, whose body is to be read or dropped. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** What messages name: the URL that was asked for, not one that a server chose, into which it may write what it was sent. */
  readonly shown: URL;
}

/** By what and for what requests are sent. */
export interface Sender {
  readonly connections: Connections;
  readonly kind: RequestKind;
  readonly signal: AbortSignal;
}

/** Reads no more of an answer. A short rest is read, for the connection to be used again. */
export function drop({ body }: Answer): void {
  const { dump } = body as Readable & { dump?(options: object): Promise<void> };
  dump?.call(body, { limit: 16 * 1024, signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
}

/** The one value of a header; undefined if there is none or more than one. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

/** The length that a header announces. @throws `INTERNAL` for one that is no number */
export function lengthOf({ headers, shown }: Answer, kind: RequestKind): number | undefined {
  const length = headers["content-length"];
  if (length === undefined) return undefined;
  if (!/^\d{1,15}$/.test(String(length)))
    throw broken(shown, kind, "it announces a length that is no number");
  return Number(length);
}
