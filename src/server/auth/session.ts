// The dashboard's session cookie, which a browser has instead of a token. It is signed with the token of its login, so that
// it survives a restart of the server, is valid on all servers with that token, and ends with the token.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Token } from "./tokens.js";

/** Without the prefix `__Host-`, which requires TLS: a server on the loopback interface has none. */
export const sessionCookie = "stevedore-session";
/** How long a login lasts, in ms. */
export const sessionTime = 12 * 3_600_000;

/** The value of the cookie: `<expiry in ms>.<nonce>.<HMAC-SHA256>`. */
export function makeSession(token: Token, now = Date.now()): string {
  const content = `${now + sessionTime}.${randomBytes(16).toString("base64url")}`;
  return `${content}.${sign(token, content)}`;
}

/** The token that a session was made with; undefined if it has expired, or was signed with none of these. */
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
