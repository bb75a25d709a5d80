import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLayerPaths, type LayerEntry, type LayerPaths } from "../../../src/layer/tar/entry-path.js";

const file = (name: string): LayerEntry => ({ kind: "file", name });
const directory = (name: string): LayerEntry => ({ kind: "directory", name });
const symlink = (name: string, target: string): LayerEntry => ({ kind: "symlink", name, target });
const hardlink = (name: string, target: string): LayerEntry => ({ kind: "hardlink", name, target });

function layer(...entries: LayerEntry[]): LayerPaths {
  const paths = createLayerPaths();
  for (const entry of entries) paths.add(entry);
  return paths;
}

const implied = (...entries: LayerEntry[]) =>
  layer(...entries)
    .impliedDirectories()
    .sort();
const code = (expected: string) => expect.objectContaining({ code: expected });

describe("directories that no entry names", () => {
  test("are those on the way to the others, and the root", () => {
    expect(implied(file("a/b/c"), directory("d"))).toEqual(["", "a", "a/b"]);
  });

  test("are none where an entry names them, before or after", () => {
    expect(implied(directory("./"), directory("a/"), file("a/b/c"), directory("a/b"))).toEqual([]);
    expect(implied(directory("."), directory("./a/"), file("./a//b/./c/d"), directory("./a//b//"))).toEqual([
      "a/b/c",
    ]);
    expect(implied(directory("."), directory("a/."), file("a/b"), directory("a/"))).toEqual([]);
  });

  test("lie where a symlink leads, not under its name", () => {
    expect(implied(directory("."), directory("usr"), symlink("lib", "usr/./lib"), file("lib/x/y"))).toEqual([
      "usr/lib",
      "usr/lib/x",
    ]);
  });

  test("are not made where the name of an entry ends in a dot: that is what a symlink before it leads to", () => {
    const entries = [directory("."), symlink("s", "a"), file("a/f")];
    expect(implied(...entries, directory("s/k/."), file("s/k/f"))).toEqual(["a"]);
    expect(implied(...entries, directory("s/"), file("s/k/f"))).toEqual(["a", "s/k"]);
  });

  test("are counted as they are listed, the root apart", () => {
    const part = fc.constantFrom("a", "b", "c", ".");
    const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
    const entry = fc.oneof(name.map(file), name.map(directory));
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const paths = createLayerPaths();
        for (const one of entries) {
          try {
            paths.add(one);
          } catch {
            // A file in the place of a full directory, or of the root.
          }
        }
        expect(paths.impliedDirectories().filter((path) => path !== "")).toHaveLength(paths.impliedCount);
      }),
    );
  });

  test("may lie very deep", () => {
    const deep = `${"d/".repeat(2000)}`;
    const paths = layer(
      symlink("s", deep),
      file(`s/${deep}x`),
      symlink("t", `s/${deep.slice(0, -10)}`),
      file(`t/${deep}x`),
    );
    expect(paths.impliedDirectories().length).toBeGreaterThan(5000);
  });
});

describe("names", () => {
  test.each(["/", "/a", "//a", "..", "../a", "a/..", "a/../b", "./../a"])(
    "that lead out are refused: %s",
    (name) => {
      for (const entry of [
        file(name),
        directory(name),
        symlink(name, "x"),
        hardlink(name, "x"),
        hardlink("x", name),
      ]) {
        expect(() => layer(entry)).toThrow(code("UNSAFE_ENTRY"));
      }
    },
  );

  test.each(["...", "..a", "a..", "a/...", ".a", "a/..b/c", "-rf", " ", "\n", "a\\..\\b"])(
    "that only look so are fine: %j",
    (name) => {
      expect(() => layer(file(name), hardlink("x", name))).not.toThrow();
    },
  );

  test("longer than Linux takes are LIMIT_EXCEEDED", () => {
    expect(() => layer(file("x/".repeat(2047)))).not.toThrow();
    expect(() => layer(file("x/".repeat(2048)))).toThrow(code("LIMIT_EXCEEDED"));
    expect(() => layer(symlink("s", "x/".repeat(500_000)))).toThrow(code("LIMIT_EXCEEDED"));
  });

  test("of the root are for directories", () => {
    for (const entry of [file("."), symlink("./", "x"), hardlink("././", "x"), hardlink("x", ".")]) {
      expect(() => layer(entry)).toThrow(code("UNSAFE_ENTRY"));
    }
  });
});

describe("symlinks", () => {
  test("may point anywhere as long as nothing goes through them", () => {
    for (const target of ["/", "/etc", "../../..", "", "a/../../b"]) {
      expect(() => layer(symlink("s", target), hardlink("t", "s"), file("other"))).not.toThrow();
    }
  });

  test("that lead out, or may, let no entry and no hard link through", () => {
    for (const target of ["/", "/etc", "..", "a/../b", "x/../../y"]) {
      expect(() => layer(symlink("s", target), file("s/f"))).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(symlink("s", target), directory("s/f/g"))).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(symlink("s", target), hardlink("h", "s/f"))).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(symlink("d/s", target), symlink("t", "d/s"), file("t/f"))).toThrow(
        code("UNSAFE_ENTRY"),
      );
      expect(() => layer(symlink("s", target), hardlink("t", "s"), file("t/f"))).toThrow(
        code("UNSAFE_ENTRY"),
      );
    }
  });

  test("that run in a circle are refused where they are followed", () => {
    expect(() => layer(symlink("s", "s"), file("s/f"))).toThrow(code("UNSAFE_ENTRY"));
    expect(() => layer(symlink("a", "b"), symlink("b", "a/x"), file("a/f"))).toThrow(code("UNSAFE_ENTRY"));
  });

  test("that are replaced lead where their successors lead", () => {
    for (const replacement of [directory("s"), symlink("s", "inside")]) {
      expect(() => layer(symlink("s", "b"), replacement, file("s/f"))).not.toThrow();
    }
    expect(implied(directory("."), symlink("s", "b"), symlink("s", "c"), file("s/f"))).toEqual(["c"]);
  });

  test("are not replaced where they may leave, or an entry lies behind them, but by the same again", () => {
    const leaving = symlink("s", "/etc");
    const followed = [symlink("s", "b"), file("s/f")];
    const alias = [leaving, hardlink("t", "s"), symlink("s", "/etc")];
    for (const replacement of [file("s"), directory("s"), symlink("s", "c"), hardlink("s", "other")]) {
      expect(() => layer(leaving, replacement)).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(...followed, replacement)).toThrow(code("UNSAFE_ENTRY"));
    }
    expect(() => layer(leaving, leaving, ...alias, hardlink("s", "s"), hardlink("t", "s"))).not.toThrow();
    expect(() => layer(...alias, file("t"))).toThrow(code("UNSAFE_ENTRY"));
    expect(() => layer(...followed, symlink("s", "b"), file("s"))).toThrow(code("UNSAFE_ENTRY"));
  });
});

test("nothing replaces a directory, and nothing is hard linked to one", () => {
  for (const one of [file("a"), symlink("a", "b"), hardlink("a", "b")]) {
    expect(() => layer(file("a/b/c"), one)).toThrow(code("UNSAFE_ENTRY"));
    expect(() => layer(directory("./a"), one)).toThrow(code("UNSAFE_ENTRY"));
  }
  expect(() => layer(directory("a"), hardlink("b", "a"))).toThrow(code("UNSAFE_ENTRY"));
});

test("a directory has one name, by which its entries and those below it call it", () => {
  for (const other of ["./a", "a/.", "././a", "s/a"]) {
    const link = symlink("s", ".");
    expect(() => layer(link, directory("a/"), directory(other))).toThrow(code("UNSAFE_ENTRY"));
    expect(() => layer(link, file("a/f"), directory(other))).toThrow(code("UNSAFE_ENTRY"));
    expect(() => layer(link, directory("a"), file(`${other}/f`), directory("a//"))).not.toThrow();
  }
});

test("a hard link into a directory that is not there is BAD_ARCHIVE", () => {
  expect(() => layer(hardlink("h", "a/f"))).toThrow(code("BAD_ARCHIVE"));
  expect(() => layer(directory("a"), hardlink("h", "a/b/f"))).toThrow(code("BAD_ARCHIVE"));
});
