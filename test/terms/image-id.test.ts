import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeId } from "../../src/graph/index.js";
import { assertId, isId, quote, shortId } from "../../src/terms/index.js";

describe("an image id", () => {
  it("is 64 hex characters when it is made, another each time", () => {
    const ids = new Set(Array.from({ length: 100 }, makeId));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(["27cf784147099545", "a", "A.b_c-d", "0".repeat(128)])("may be %s", (id) => {
    expect(isId(id)).toBe(true);
    expect(() => assertId(id)).not.toThrow();
  });

  it.each([
    ["is empty", ""],
    ["is a dot", "."],
    ["is two dots", ".."],
    ["holds a slash", "a/b"],
    ["climbs out of the graph", "../../etc"],
    ["is the staging directory", ":tmp:"],
    ["holds a colon", "a:b"],
    ["holds a NUL", "a\0b"],
    ["ends with a newline", "abc\n"],
    ["begins like an option", "-rf"],
    ["is not ASCII", "é"],
    ["is too long", "0".repeat(129)],
    ["is no string", 7],
    ["is missing", undefined],
  ])("is refused if it %s", (_, id) => {
    expect(isId(id)).toBe(false);
    expect(() => assertId(id)).toThrow(expect.objectContaining({ code: "INVALID_ID" }));
  });

  it("is shown by its first 12 characters", () => {
    expect(shortId("8dbd9e392a964056420e5d58ca5cc376")).toBe("8dbd9e392a96");
  });

  it("is quoted in messages without a character that moves a terminal, and bounded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (name) => {
        const quoted = quote(name);
        expect(quoted).toMatch(/^"[\x20-\x7e]*"$/);
        expect(quoted.length).toBeLessThan(1_000);
        if (name.length <= 140) expect(JSON.parse(quoted)).toBe(name);
      }),
    );
  });
});
