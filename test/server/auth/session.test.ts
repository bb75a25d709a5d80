// The dashboard's cookie.
import { describe, expect, it } from "vitest";
import { makeSession, readSession, sessionTime } from "../../../src/server/auth/session.js";
import type { Token } from "../../../src/server/auth/tokens.js";

const full: Token = { role: "full", secret: "abcdefghijklmnop" };
const read: Token = { role: "read", secret: "ponmlkjihgfedcba" };

describe("a session", () => {
  it("is that of the token it was made for, on every server that knows it", () => {
    for (const token of [full, read]) {
      expect(readSession([full, read], makeSession(token))).toBe(token);
      expect(readSession([token], makeSession(token))).toBe(token);
    }
    expect(makeSession(full)).not.toBe(makeSession(full));
    expect(makeSession(full)).not.toContain(full.secret);
  });

  it("ends after twelve hours, and with its token", () => {
    const session = makeSession(full, 1_000);
    expect(readSession([full], session, 1_000 + sessionTime)).toBe(full);
    expect(readSession([full], session, 1_001 + sessionTime)).toBe(undefined);
    expect(readSession([read], session, 1_000)).toBe(undefined);
    expect(readSession([], session, 1_000)).toBe(undefined);
    // Nor does it pass for that of a token with the same secret and another role.
    expect(readSession([{ ...full, role: "read" }], session, 1_000)).toBe(undefined);
  });

  it("cannot be changed", () => {
    const session = makeSession(read);
    for (let at = 0; at < session.length; at++) {
      const changed = `${session.slice(0, at)}${session[at] === "1" ? "2" : "1"}${session.slice(at + 1)}`;
      // The last character of base64url has bits that mean nothing, but the text is compared.
      expect(readSession([full, read], changed), String(at)).toBe(undefined);
    }
    for (const none of ["", ".", "a.b.c", `${session}x`, session.slice(1), `${session}\n`, "9".repeat(90)]) {
      expect(readSession([full, read], none)).toBe(undefined);
    }
  });
});
