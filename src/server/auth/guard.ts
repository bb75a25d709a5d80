// Who may do what: looked at before anything else of a request is, its body included.
import type { FastifyContextConfig, FastifyRequest } from "fastify";
import { HttpError } from "../problem.js";
import { readSession, sessionCookie } from "./session.js";
import { findToken, type Role, type Token } from "./tokens.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What it takes to use a route: `anyone` even without a token. Default: `read` to GET and HEAD, `full` for all else. */
    readonly access?: Role | "anyone";
  }
  interface FastifyRequest {
    /** What whoever asks may do; undefined for a stranger. */
    role: Role | undefined;
  }
}

/** How somebody has shown who they are. */
interface Caller {
  readonly role: Role;
  /** True for what a browser sends by itself, whichever page makes it ask. */
  readonly isAmbient: boolean;
}

/**
 * Makes the check of a server that knows these tokens. With none it listens on the loopback interface only, and whoever
 * reaches it may do all.
 *
 * No page of another site can make a browser act here: what changes something needs a token in a header, or, with a
 * cookie or where no token is needed, a request that comes from a page of this very server; and a server without tokens
 * answers only to the names of the loopback interface, to which no other site's name can be made to lead.
 */
export function openGuard(tokens: readonly Token[]): (request: FastifyRequest) => void {
  return (request) => {
    if (tokens.length === 0) assertLoopbackName(request);
    const caller = callerOf(request, tokens);
    request.role = caller?.role;
    const access = accessOf(request.routeOptions.config, request.method);
    if (caller?.isAmbient !== false && !isSafe(request.method)) assertSameOrigin(request);
    if (access === "anyone") return;
    if (caller === undefined) {
      throw new HttpError(401, "UNAUTHORIZED", "this takes a token: Authorization: Bearer TOKEN", {
        "www-authenticate": 'Bearer realm="stevedore"',
      });
    }
    if (access === "full" && caller.role !== "full") {
      throw new HttpError(403, "FORBIDDEN", "this token may only look; this takes one with the role full", {
        "www-authenticate": 'Bearer realm="stevedore", error="insufficient_scope"',
      });
    }
  };
}

/** What it takes to use a route. */
export function accessOf(config: FastifyContextConfig | undefined, method: string): Role | "anyone" {
  return config?.access ?? (isSafe(method) ? "read" : "full");
}

function callerOf(request: FastifyRequest, tokens: readonly Token[]): Caller | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined && tokens.length > 0) {
    const [, presented] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    const token = presented === undefined ? undefined : findToken(tokens, presented);
    if (token !== undefined) return { role: token.role, isAmbient: false };
    throw new HttpError(401, "UNAUTHORIZED", "this token is not known here", {
      "www-authenticate": 'Bearer realm="stevedore", error="invalid_token"',
    });
  }
  if (tokens.length === 0) return { role: "full", isAmbient: true };
  const cookie = request.cookies[sessionCookie];
  const token = cookie === undefined ? undefined : readSession(tokens, cookie);
  return token && { role: token.role, isAmbient: true };
}

/** RFC 9110, section 9.2.1. */
function isSafe(method: string): boolean {
  return ["GET", "HEAD", "OPTIONS"].includes(method);
}

/** A browser tells where a request comes from; a program that is none says nothing, and carries no cookie unasked. */
function assertSameOrigin(request: FastifyRequest): void {
  const { origin, "sec-fetch-site": site } = request.headers;
  const isForeign =
    (site !== undefined && site !== "same-origin" && site !== "none") ||
    (origin !== undefined && !isOwnOrigin(origin, request));
  if (isForeign) throw new HttpError(403, "FORBIDDEN", "this was asked for by a page of another site");
}

function isOwnOrigin(origin: string, request: FastifyRequest): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.host;
}

function assertLoopbackName({ hostname }: FastifyRequest): void {
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname)) return;
  throw new HttpError(
    403,
    "FORBIDDEN",
    `without a token this server answers to localhost only, not to ${JSON.stringify(hostname)}`,
  );
}
