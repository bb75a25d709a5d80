// The dashboard's cookie: what a browser has instead of a token. It is signed with the token it was given for, so it
// outlives a restart of the server, serves all servers that know that token, and ends with it.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Token } from "./tokens.js";

/** `__Host-` would ask for TLS, which a server on the loopback interface does not have. */
export const sessionCookie = "stevedore-session";
/** How long a login lasts, in ms. */
export const sessionTime = 12 * 3_600_000;

/** The value of the cookie: `<expiry in ms>.<nonce>.<HMAC-SHA256>`. */
export function makeSession(token: Token, now = Date.now()): string {
  const content = `${now + sessionTime}.${randomBytes(16).toString("base64url")}`;
  return `${content}.${sign(token, content)}`;
}

/** The token a session was made for; undefined if it has expired or none of these signed it. */
export function readSession(tokens: readonly Token[], cookie: string, now = Date.now()): Token | undefined {
  const parsed = /^((\d{1,15})\.[A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/.exec(cookie);
  if (parsed === null) return undefined;
  const [, content = "", expiry, signature = ""] = parsed;
  if (Number(expiry) < now) return undefined;
  const presented = Buffer.from(signature);
  return tokens.find((token) => timingSafeEqual(Buffer.from(sign(token, content)), presented));
}

function sign(token: Token, content: string): string {
  return createHmac("sha256", `stevedore session\0${token.role}\0${token.secret}`)
    .update(content)
    .digest("base64url");
}
