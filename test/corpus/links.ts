// Ways out of the layer over links: through one, along a chain of them, under another name of one.
import { pax } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused } from "./case.js";
import { attribute, device, directory, fifo, file, hardlink, symlink } from "./entries.js";

/** s0 -> s1 -> ... -> the last one's target. */
function chain(count: number, target: string): Buffer[] {
  return Array.from({ length: count }, (_, at) =>
    symlink(`s${at}`, at === count - 1 ? target : `s${at + 1}`),
  );
}

export const links: readonly CorpusCase[] = [
  accepted(
    "a file through an absolute symlink: it leads from the layer's root",
    (outside) => [symlink("s", outside), file("s/file", "x")],
    ["l s -> OUTSIDE", "WAY UNDER", 'f 644 UNDER/file "x"'],
  ),
  refused("UNSAFE_ENTRY", "a file through a symlink upward", [
    symlink("s", "../outside"),
    file("s/new", "x"),
  ]),
  refused("UNSAFE_ENTRY", "a file through a symlink that goes up and down", [
    directory("a/"),
    symlink("s", "a/../../outside"),
    file("s/new", "x"),
  ]),
  refused("UNSAFE_ENTRY", "a file through a symlink to the parent", [symlink("s", ".."), file("s/new", "x")]),
  accepted(
    "a directory through a symlink",
    (outside) => [symlink("s", outside), directory("s/dir/", 0o777)],
    ["l s -> OUTSIDE", "WAY UNDER", "d 777 UNDER/dir"],
  ),
  accepted(
    "a directory in the place of a symlink, by a dot",
    (outside) => [symlink("s", outside), directory("s/.", 0o777)],
    ["d 777 s"],
  ),
  accepted("a symlink through a symlink", (outside) => [symlink("s", outside), symlink("s/new", "x")], [
    "l s -> OUTSIDE",
    "WAY UNDER",
    "l UNDER/new -> x",
  ]),
  accepted(
    "a fifo and a device through a symlink",
    (outside) => [symlink("s", outside), fifo("s/new"), device("s/null", "3", 1, 3)],
    ["l s -> OUTSIDE", "WAY UNDER", "p 644 UNDER/new", "c 644 UNDER/null 1:3"],
  ),
  accepted("a file deep behind a symlink", (outside) => [symlink("s", outside), file("s/a/b/c", "x")], [
    "l s -> OUTSIDE",
    "WAY UNDER",
    "d 755 UNDER/a @0",
    "d 755 UNDER/a/b @0",
    'f 644 UNDER/a/b/c "x"',
  ]),
  accepted(
    "a file through two symlinks, the first of them harmless",
    (outside) => [symlink("a", "b"), symlink("b", outside), file("a/new", "x")],
    ["l a -> b", "l b -> OUTSIDE", "WAY UNDER", 'f 644 UNDER/new "x"'],
  ),
  refused("UNSAFE_ENTRY", "a file through two symlinks that stay inside one by one", [
    directory("d/"),
    symlink("d/up", ".."),
    symlink("s", "d/up"),
    file("s/../outside/new", "x"),
  ]),
  accepted(
    "a file through a symlink in a directory behind a symlink",
    (outside) => [directory("d/"), symlink("d/s", outside), symlink("t", "d"), file("t/s/new", "x")],
    ["d 755 d", "l d/s -> OUTSIDE", "l t -> d", "WAY UNDER", 'f 644 UNDER/new "x"'],
  ),
  accepted(
    "a symlink to the working directory of whoever reads it",
    [symlink("s", "/proc/self/cwd/.."), file("s/new", "x")],
    ["d 755 proc @0", "d 755 proc/self @0", 'f 644 proc/self/new "x"', "l s -> /proc/self/cwd/.."],
  ),
  accepted(
    "a symlink to the root of a process",
    [symlink("s", "/proc/self/root"), directory("s/"), file("s/stevedore-escaped", "x")],
    ["d 755 s", 'f 644 s/stevedore-escaped "x"'],
  ),
  refused("UNSAFE_ENTRY", "a file through a circle of symlinks", [
    symlink("a", "b"),
    symlink("b", "a"),
    file("a/f"),
  ]),
  refused("UNSAFE_ENTRY", "a file through a symlink to itself", [symlink("a", "a"), file("a/f")]),
  refused("UNSAFE_ENTRY", "a file through more symlinks than Linux follows", [
    directory("d/"),
    ...chain(41, "d"),
    file("s0/f"),
  ]),
  refused("BAD_ARCHIVE", "a hard link to an absolute name", (outside) => [hardlink("h", `${outside}/file`)]),
  refused("UNSAFE_ENTRY", "a hard link upward", [hardlink("h", "../outside/file")]),
  refused("UNSAFE_ENTRY", "a hard link upward, and a file that would write into it", [
    hardlink("h", "../outside/file"),
    file("h", "x"),
  ]),
  refused("BAD_ARCHIVE", "a hard link through a symlink", (outside) => [
    symlink("s", outside),
    hardlink("h", "s/file"),
  ]),
  refused("UNSAFE_ENTRY", "a hard link to the root by a slash", [hardlink("h", "/")]),
  accepted(
    "a file through a hard link to a symlink",
    (outside) => [symlink("s", outside), hardlink("h", "s"), file("h/file", "x")],
    ["l h -> OUTSIDE", "h s = h", "WAY UNDER", 'f 644 UNDER/file "x"'],
  ),
  accepted(
    "a file through a hard link to a hard link to a symlink",
    (outside) => [symlink("s", outside), hardlink("h", "s"), hardlink("i", "./h"), file("i/file", "x")],
    ["l h -> OUTSIDE", "h i = h", "h s = h", "WAY UNDER", 'f 644 UNDER/file "x"'],
  ),
  refused("BAD_ARCHIVE", "a target of pax for a hard link", (outside) => [
    pax([["linkpath", `${outside}/file`]]),
    hardlink("h", "in"),
  ]),
  accepted(
    "a target of pax for a symlink that is gone through",
    (outside) => [directory("in/"), pax([["linkpath", outside]]), symlink("s", "in"), file("s/file", "x")],
    ["d 755 in", "l s -> OUTSIDE", "WAY UNDER", 'f 644 UNDER/file "x"'],
  ),
  refused("UNSAFE_ENTRY", "a hard link to a directory", [directory("d/"), hardlink("h", "d")]),
  refused("UNSAFE_ENTRY", "a hard link to the layer's root", [hardlink("h", ".")]),
  refused("UNSAFE_ENTRY", "a hard link to nothing at all", [hardlink("h", "")]),
  refused("BAD_ARCHIVE", "a hard link to what comes later", [hardlink("h", "f"), file("f", "x")]),
  refused("BAD_ARCHIVE", "a hard link to what never comes", [file("f"), hardlink("h", "d/f")]),
  accepted(
    "a hard link with a slash behind its target",
    [file("f", "x"), hardlink("h", "f/")],
    ['f 644 f "x"', "h h = f"],
  ),
  refused("BAD_ARCHIVE", "a symlink that leads out, of an owner that is none, and a file in its place", [
    symlink("s", "/x", { patches: { 108: "\xff".repeat(8) } }),
    file("s", "x"),
  ]),
  refused("BAD_ARCHIVE", "a hard link to itself", [file("a", "x"), hardlink("a", "a")]),
  refused("BAD_ARCHIVE", "a hard link to itself in another spelling", [
    file("a", "x"),
    hardlink("./a", "/a"),
  ]),
  refused("BAD_ARCHIVE", "a hard link to itself by a symlink", [
    directory("d/"),
    symlink("s", "/d"),
    file("d/a", "x"),
    hardlink("d/a", "s/a"),
  ]),
  refused("BAD_ARCHIVE", "a hard link to itself that is a symlink", [symlink("s", "/x"), hardlink("s", "s")]),
  refused("BAD_ARCHIVE", "a symlink to nothing at all", [symlink("s", "")]),
  accepted(
    "a file behind a symlink to nowhere",
    [symlink("s", "nowhere"), file("s/f")],
    ["d 755 nowhere @0", "f 644 nowhere/f", "l s -> nowhere"],
  ),
  refused("BAD_ARCHIVE", "a file behind a symlink to a file", [file("f"), symlink("s", "f"), file("s/f")]),
  refused("LIMIT_EXCEEDED", "a symlink longer than Linux takes", [
    pax([["linkpath", "n/".repeat(2050)]]),
    symlink("s", "x"),
  ]),
  accepted(
    "symlinks that lead out, and nothing through them",
    (outside) => [
      symlink("a", `${outside}/file`),
      symlink("b", "../outside"),
      symlink("c", "/"),
      symlink("d", "//"),
      symlink("e", "x/../.."),
    ],
    ["l a -> OUTSIDE/file", "l b -> ../outside", "l c -> /", "l d -> //", "l e -> x/../.."],
  ),
  accepted(
    "hard links to a symlink that leads out",
    (outside) => [symlink("s", outside), hardlink("h", "s"), hardlink("s", "h")],
    ["l h -> OUTSIDE", "h s = h"],
  ),
  accepted(
    "hard links to a symlink that stays",
    [symlink("s", "f"), hardlink("h", "s"), file("f", "x")],
    ['f 644 f "x"', "l h -> f", "h s = h"],
  ),
  accepted(
    "files through symlinks that stay",
    [
      directory("usr/"),
      directory("usr/lib/"),
      symlink("lib", "usr/lib"),
      symlink("lib64", "./lib"),
      file("lib64/a", "x"),
      hardlink("usr/b", "lib/a"),
    ],
    [
      "l lib -> usr/lib",
      "l lib64 -> ./lib",
      "d 755 usr",
      'f 644 usr/b "x"',
      "d 755 usr/lib",
      "h usr/lib/a = usr/b",
    ],
  ),
  accepted(
    "a file through as many symlinks as Linux follows",
    [directory("d/"), ...chain(40, "d"), file("s0/f")],
    [
      "d 755 d",
      "f 644 d/f",
      ...Array.from({ length: 40 }, (_, at) => `l s${at} -> ${at === 39 ? "d" : `s${at + 1}`}`).sort(),
    ],
  ),
  accepted(
    "hard links to a fifo and to a device",
    [fifo("p"), hardlink("q", "p"), device("n", "3", 1, 3), hardlink("o", "n")],
    ["c 644 n 1:3", "h o = n", "p 644 p", "h q = p"],
  ),
  accepted(
    "a hard link that is there already",
    [file("a", "x"), hardlink("b", "a"), hardlink("b", "./a")],
    ['f 644 a "x"', "h b = a"],
  ),
  refused("ATTRIBUTE_UNSUPPORTED", "a symlink with an xattr: Linux has none there", [
    attribute("user.x", "1"),
    symlink("s", "f"),
  ]),
  refused("ATTRIBUTE_UNSUPPORTED", "the same of one that leads out, which is made at the end", [
    attribute("user.x", "1"),
    symlink("s", "/f"),
  ]),
];
