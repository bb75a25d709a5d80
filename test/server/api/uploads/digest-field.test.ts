import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatDigest,
  parseDigestField,
  parseOldDigestField,
} from "../../../../src/server/api/uploads/digest-field.js";

const sha256 = fc.uint8Array().map((bytes) => createHash("sha256").update(bytes).digest());
const sha512 = fc.uint8Array().map((bytes) => createHash("sha512").update(bytes).digest());
/** Where a list may have white space (RFC 9110, section 5.6.1). */
const space = fc.stringMatching(/^[ \t]{0,3}$/);
const refused = (field: string) => () => parseDigestField("Content-Digest", field);

describe("Content-Digest and Repr-Digest", () => {
  it("are read whatever stands between their members", () => {
    fc.assert(
      fc.property(sha256, sha512, space, space, (short, long, before, behind) => {
        const field = `sha-256=:${short.toString("base64")}:${before},${behind}sha-512=:${long.toString("base64")}:`;
        expect(parseDigestField("Repr-Digest", field)).toEqual([
          { algorithm: "sha-256", digest: short },
          { algorithm: "sha-512", digest: long },
        ]);
      }),
    );
  });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(sha256, (digest) => {
        const expected = { algorithm: "sha-256", digest } as const;
        expect(parseDigestField("Content-Digest", formatDigest(expected))).toEqual([expected]);
      }),
    );
  });

  it("may name algorithms nobody knows here beside one that is known, whose last member counts", () => {
    const [first, last] = ["a", "b"].map((text) => createHash("sha256").update(text).digest("base64"));
    const field = `md5=:1B2M2Y8AsgTpgAmY7PhCfg==:, sha-256=:${first}:, sha-256=:${last}:`;
    const [only, ...others] = parseDigestField("Content-Digest", field);
    expect([only?.digest.toString("base64"), others]).toEqual([last, []]);
  });

  it("are refused with 400 for anything else, and never with another error", () => {
    for (const field of [
      "",
      "sha-256",
      "sha-256=abc",
      "sha-256=::",
      "sha-256=:YQ==:",
      "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:",
      `SHA-256=:${"A".repeat(43)}=:`,
      `sha-256=:${"A".repeat(42)}B=:`,
      `sha-256=:${"A".repeat(43)}=:,`,
      `sha-256=:${"A".repeat(43)}:`,
      `sha-256=:${"_".repeat(43)}=:`,
    ]) {
      expect(refused(field), field).toThrow(expect.objectContaining({ status: 400 }));
    }
    const pieces = fc.constantFrom(
      "sha-256",
      "sha-512",
      "=",
      ":",
      ",",
      " ",
      "A",
      "A".repeat(43),
      "==",
      "\t",
      ";",
      "*",
      "é",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        try {
          parseDigestField("Content-Digest", parts.join(""));
        } catch (error) {
          expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
        }
      }),
    );
  });
});

describe("Digest, their forerunner", () => {
  it("has no colons, and its algorithms in either case", () => {
    const digest = createHash("sha256").update("").digest();
    for (const name of ["sha-256", "SHA-256"]) {
      expect(parseOldDigestField(`${name}=${digest.toString("base64")}`)).toEqual([
        { algorithm: "sha-256", digest },
      ]);
    }
    expect(() => parseOldDigestField(formatDigest({ algorithm: "sha-256", digest }))).toThrow(
      /sha-256=BASE64/,
    );
  });
});
