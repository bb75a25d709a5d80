// Decides who may do what, before anything else of a request is looked at, its body included.
import type { FastifyContextConfig, FastifyRequest } from "fastify";
import { HttpError } from "../problem.js";
import { readSession, sessionCookie } from "./session.js";
import { findToken, type Role, type Token } from "./tokens.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The role that a route takes; `anyone` for no token. Default: `read` for GET and HEAD, `full` for all else. */
    readonly access?: Role | "anyone";
  }
  interface FastifyRequest {
    /** The role of the caller; undefined for a stranger. */
    role: Role | undefined;
  }
}

/** Who sends a request. */
interface Caller {
  readonly role: Role;
  /** True if a browser adds the credentials by itself, whichever page makes it send the request. */
  readonly isAmbient: boolean;
}

/**
 * Makes the check of all requests. A server without tokens listens on the loopback interface only, and everyone who
 * reaches it may do all.
 *
 * No page of another site can make a browser change something here. That takes a token in a header, or, with a cookie or
 * without tokens, a request from a page of this server. And a server without tokens answers only to the names of the
 * loopback interface, so that another site cannot reach it by a name of its own (DNS rebinding).
 */
export function openGuard(tokens: readonly Token[]): (request: FastifyRequest) => void {
  return (request) => {
    assertOneHost(request);
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

/** The role that a route takes. */
export function accessOf(config: FastifyContextConfig | undefined, method: string): Role | "anyone" {
  return config?.access ?? (isSafe(method) ? "read" : "full");
}

function callerOf(request: FastifyRequest, tokens: readonly Token[]): Caller | undefined {
  const { authorization = "" } = request.headers;
  // Another scheme is meant for others, such as a proxy that asks for a password of its own.
  if (/^Bearer( |$)/i.test(authorization) && tokens.length > 0) {
    const token = findToken(tokens, authorization.slice("Bearer ".length).trim());
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

/** Browsers say where a request comes from. Other programs do not, and they send no cookie by themselves. */
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

/** RFC 9112, section 3.2. With two Host headers, a proxy in front may have checked the other one. */
function assertOneHost({ raw: { rawHeaders } }: FastifyRequest): void {
  const isHost = (text: string, at: number) => at % 2 === 0 && text.toLowerCase() === "host";
  if (rawHeaders.filter(isHost).length > 1) {
    throw new HttpError(400, "INVALID_REQUEST", "a request has one Host header");
  }
}

function assertLoopbackName({ hostname }: FastifyRequest): void {
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname)) return;
  throw new HttpError(
    403,
    "FORBIDDEN",
    `without a token this server answers to localhost only, not to ${JSON.stringify(hostname)}`,
  );
}
