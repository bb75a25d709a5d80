import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createLayerPaths,
  type EntrySource,
  type LayerEntry,
  type LayerPaths,
  type Placement,
} from "../../../src/layer/tar/entry-path.js";

const file = (name: string): LayerEntry => ({ kind: "file", name });
const directory = (name: string): LayerEntry => ({ kind: "directory", name });
const symlink = (name: string, target: string): LayerEntry => ({ kind: "symlink", name, target });
const hardlink = (name: string, target: string): LayerEntry => ({ kind: "hardlink", name, target });

const source: EntrySource = {
  mayHold: true,
  holdLink: () => ({ owner: "", time: "", records: [] }),
  renamed: (name) => Buffer.from(`<${name}>`),
};

function layer(...entries: LayerEntry[]): LayerPaths {
  const paths = createLayerPaths();
  for (const entry of entries) paths.add(entry, source);
  return paths;
}

/** Where the last of these entries lies. */
function placed(...entries: LayerEntry[]): Placement {
  return layer(...entries.slice(0, -1)).add(entries.at(-1) as LayerEntry, source);
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

  test("are not made where the name of an entry ends in a dot", () => {
    const entries = [directory("."), symlink("s", "a"), file("a/f")];
    expect(implied(...entries, directory("s/k/."), file("s/k/f"))).toEqual(["a"]);
    for (const name of ["s/", "s/.", "/s//./"]) {
      expect(implied(...entries, directory(name), file("s/k/f"))).toEqual(["a", "s/k"]);
    }
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
            paths.add(one, source);
          } catch {
            // A file in the place of a full directory, or of the root.
          }
        }
        expect(paths.impliedDirectories().filter((path) => path !== "")).toHaveLength(paths.impliedCount);
      }),
    );
  });

  test("may lie very deep", () => {
    const deep = "d/".repeat(2000);
    const paths = layer(file(`${deep}x`), symlink("s", `a/${deep}`), file("s/x"), file(`/b/${deep}x`));
    expect(paths.impliedDirectories().length).toBeGreaterThan(5000);
  });
});

describe("names", () => {
  test.each(["..", "../a", "/..", "a/..", "a/../b", "./../a"])("that lead out are refused: %s", (name) => {
    for (const entry of [
      file(name),
      directory(name),
      symlink(name, "x"),
      hardlink(name, "x"),
      hardlink("x", name),
    ]) {
      expect(() => layer(entry)).toThrow(code("UNSAFE_ENTRY"));
    }
  });

  test.each(["...", "..a", "a..", "a/...", ".a", "a/..b/c", "-rf", " ", "\n", "a\\..\\b"])(
    "that only look so are fine: %j",
    (name) => {
      expect(() => layer(file(name), hardlink("x", name))).not.toThrow();
    },
  );

  test("longer than Linux takes are LIMIT_EXCEEDED", () => {
    expect(() => layer(file("x/".repeat(2047)))).not.toThrow();
    expect(() => layer(file(`${"x/".repeat(2047)}xx`))).toThrow(code("LIMIT_EXCEEDED"));
    expect(() => layer(file("./".repeat(500_000)))).toThrow(code("UNSAFE_ENTRY"));
    const deep = "x/".repeat(1100);
    expect(() => layer(symlink("s", deep), symlink("t", "s"), file(`t/${deep}f`))).toThrow(
      code("LIMIT_EXCEEDED"),
    );
    expect(() => layer(symlink("s", "x/".repeat(500_000)))).toThrow(code("LIMIT_EXCEEDED"));
  });

  test("of the root are for directories", () => {
    for (const entry of [
      file("."),
      file("/"),
      symlink("./", "x"),
      hardlink("././", "x"),
      hardlink("x", "/"),
    ]) {
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

  test("that lead out let no entry and no hard link through", () => {
    for (const target of ["..", "../a", "x/../../y", "/..", "/a/../../b"]) {
      expect(() => layer(symlink("s", target), file("s/f"))).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(symlink("s", target), directory("s/f/g"))).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(symlink("s", target), hardlink("h", "s/f"))).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(symlink("s", target), symlink("t", "s"), file("t/f"))).toThrow(code("UNSAFE_ENTRY"));
      expect(() => layer(symlink("s", target), hardlink("t", "s"), file("t/f"))).toThrow(
        code("UNSAFE_ENTRY"),
      );
    }
  });

  test.each([
    ["/", "f"],
    ["/etc", "etc/f"],
    ["//a/./b/", "a/b/f"],
    ["..", "d/f"],
    ["../..", "f"],
    ["../x/../y", "d/y/f"],
    ["x", "d/e/x/f"],
    [".", "d/e/f"],
  ])("lead where they would if the layer were the whole file system: %s", (target, name) => {
    const entries = [directory("d"), directory("d/e"), symlink("d/e/s", target)];
    expect(placed(...entries, file("d/e/s/f"))).toMatchObject({ name, isHeld: false });
    expect(placed(...entries, file(name), hardlink("h", "d/e/s/f"))).toMatchObject({
      name: "h",
      target: name,
    });
  });

  test("that lead elsewhere on the host come at the end, and only if nothing has replaced them", () => {
    const leaving = symlink("s", "/etc");
    expect(placed(leaving)).toMatchObject({ name: "s", target: "/etc", isHeld: true });
    expect(placed(leaving, hardlink("h", "./s"))).toMatchObject({ name: "h", target: "s", isHeld: true });
    const end = (...entries: LayerEntry[]) => Buffer.concat([...layer(...entries).end()]).toString("latin1");
    expect(end(leaving)).toContain("/etc");
    for (const other of [file("s"), directory("s"), symlink("s", "x"), hardlink("s", "other")]) {
      expect(end(leaving, other)).not.toContain("/etc");
    }
    expect(end(leaving, hardlink("h", "s"), file("s"))).toContain("/etc");
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
});

describe("whiteouts", () => {
  const whiteout = file("a/.wh.b");
  test("below a directory of which nothing else is known come at the end", () => {
    const paths = createLayerPaths();
    expect(paths.add(whiteout, source)).toMatchObject({ isHeld: true });
    expect(Buffer.concat([...paths.end()]).includes("<a/.wh.b>")).toBe(true);
    expect(paths.impliedDirectories()).toEqual(["", "a"]);
    expect(placed(directory("a"), whiteout)).toMatchObject({ isHeld: false });
    expect(placed(file("a/f"), whiteout)).toMatchObject({ isHeld: false });
    expect(placed(file(".wh.b"))).toMatchObject({ isHeld: false });
  });

  test.each([file("a"), symlink("a", "b"), symlink("a", "/b")])(
    "say nothing below what becomes %j",
    (other) => {
      const paths = layer(whiteout, file("a/c/.wh.d"), other);
      expect(paths.impliedCount).toBe(0);
      expect(Buffer.concat([...paths.end()]).includes("<a/")).toBe(false);
    },
  );

  test("come before a hard link to them, and give way to an entry of their name", () => {
    const linked = placed(whiteout, hardlink("a/.wh.c", "/a/.wh.b"));
    expect(linked).toMatchObject({ target: "a/.wh.b", isHeld: false, before: Buffer.from("<a/.wh.b>") });
    const paths = layer(whiteout, hardlink("h", "a/.wh.b"));
    expect(() => paths.add(file("a"), source)).toThrow(code("UNSAFE_ENTRY"));
    const replaced = layer(whiteout, symlink("a/.wh.b", "c"));
    expect(Buffer.concat([...replaced.end()]).includes("<a/")).toBe(false);
  });
});

test("nothing replaces a directory, and nothing is hard linked to one", () => {
  for (const one of [file("a"), symlink("a", "b"), hardlink("a", "b")]) {
    expect(() => layer(file("a/b/c"), one)).toThrow(code("UNSAFE_ENTRY"));
    expect(() => layer(directory("./a"), one)).toThrow(code("UNSAFE_ENTRY"));
  }
  expect(() => layer(directory("a"), hardlink("b", "a"))).toThrow(code("UNSAFE_ENTRY"));
});

test("a directory may be called in many ways", () => {
  const link = symlink("s", ".");
  for (const other of ["./a", "a/.", "/a", "././a//", "s/a"]) {
    expect(placed(link, directory("a/"), directory(other))).toMatchObject({ name: "a" });
    expect(placed(link, file("a/f"), directory(other))).toMatchObject({ name: "a" });
    expect(placed(link, directory(other), file("a/f"))).toMatchObject({ name: "a/f" });
  }
});

test("a hard link to itself is BAD_ARCHIVE", () => {
  for (const target of ["a/f", "/a/f", "./a//f", "s/f"]) {
    expect(() => layer(symlink("s", "/a"), file("a/f"), hardlink("a/f", target))).toThrow(
      code("BAD_ARCHIVE"),
    );
  }
});

test("a hard link into a directory that is not there is BAD_ARCHIVE", () => {
  expect(() => layer(hardlink("h", "a/f"))).toThrow(code("BAD_ARCHIVE"));
  expect(() => layer(directory("a"), hardlink("h", "a/b/f"))).toThrow(code("BAD_ARCHIVE"));
});
