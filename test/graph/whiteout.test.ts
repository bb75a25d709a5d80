import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { meaningOf, opaqueMarker, whiteoutPrefix } from "../../src/graph/whiteout.js";

/** Any byte that a name can hold. */
const byte = fc
  .integer({ min: 1, max: 255 })
  .filter((value) => value !== 0x2f)
  .map((value) => String.fromCharCode(value));
/** Names, many of them near the ones that have a meaning. */
const name = fc.oneof(
  fc.string({ unit: byte, minLength: 1, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(".", "w", "h", "o", "p", "q"), minLength: 1, maxLength: 12 }),
);
/** What no file of a layer can be called, so that nothing can delete it. */
const isReserved = (text: string) => text === "." || text === ".." || text.startsWith(".wh.");

describe("a name in a layer", () => {
  test("behind the prefix of a whiteout is the name that is deleted, whatever its bytes", () => {
    fc.assert(
      fc.property(
        name.filter((text) => !isReserved(text)),
        (deleted) => {
          expect(meaningOf(`.wh.${deleted}`)).toEqual({ kind: "whiteout", name: deleted });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("without the prefix is a file", () => {
    fc.assert(
      fc.property(
        name.filter((text) => !text.startsWith(".wh.")),
        (text) => {
          expect(meaningOf(text)).toEqual({ kind: "file" });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("deletes nothing where that is a name of AUFS itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: byte, maxLength: 20 }), (rest) => {
        const kind = rest === ".opq" ? "opaque" : "reserved";
        expect(meaningOf(`.wh..wh.${rest}`)).toEqual({ kind });
      }),
    );
  });

  test.each([".wh.hostname", ".wh.wh.h.w", ".wh.h", ".wh....", ".wh..hidden", ".wh..w"])(
    "loses the prefix as a whole, never its letters one by one: %s",
    (text) => {
      expect(meaningOf(text)).toEqual({ kind: "whiteout", name: text.slice(4) });
    },
  );

  test("that is the opaque marker deletes no file called opq", () => {
    expect(meaningOf(".wh..wh..opq")).toEqual({ kind: "opaque" });
    expect(meaningOf(".wh.opq")).toEqual({ kind: "whiteout", name: "opq" });
  });

  test.each([
    [".wh.", "reserved"],
    [".wh..", "reserved"],
    [".wh...", "reserved"],
    [".wh....", "whiteout"],
    [".wh..wh", "whiteout"],
    [".wh..wh.", "reserved"],
    [".wh..wh.plnk", "reserved"],
    [".wh..wh.aufs", "reserved"],
    [".wh..wh.orph", "reserved"],
    [".wh..wh..tmp", "reserved"],
    [".wh..wh..opqx", "reserved"],
    [".wh..wh..op", "reserved"],
    [".wh", "file"],
    [".WH.a", "file"],
    ["a.wh.b", "file"],
    ["..wh.a", "file"],
    ["", "file"],
  ])("at the edge of the rule: %j is %s", (text, kind) => {
    expect(meaningOf(text).kind).toBe(kind);
  });
});

test("the names are those of AUFS and of the OCI image spec", () => {
  expect([opaqueMarker, whiteoutPrefix]).toEqual([".wh..wh..opq", ".wh."]);
});
