// Names that lead out of the layer, and names that only look so.
import { entry, gnuMagic, pax } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused } from "./case.js";
import { device, directory, fifo, file, hardlink, symlink } from "./entries.js";

const out = "../outside/new";

export const names: readonly CorpusCase[] = [
  refused("UNSAFE_ENTRY", "a file above the layer", [file(out, "x")]),
  refused("UNSAFE_ENTRY", "a file that is there already, above the layer", [file("../outside/file", "x")]),
  refused("UNSAFE_ENTRY", "a file above the layer by way of a directory in it", [
    directory("a/"),
    file(`a/../${out}`, "x"),
  ]),
  refused("UNSAFE_ENTRY", "a file above the layer behind a dot", [file(`./${out}`, "x")]),
  refused("UNSAFE_ENTRY", "a file above the layer behind slashes", [file("a//..//../outside/new", "x")]),
  refused("UNSAFE_ENTRY", "a name that goes up and comes back", [file("a/../b", "x")]),
  refused("UNSAFE_ENTRY", "a name that ends in two dots", [directory("a/..")]),
  refused("UNSAFE_ENTRY", "the parent directory itself", [directory("../", 0o777)]),
  refused("UNSAFE_ENTRY", "the canary directory itself", [directory("../outside/", 0o777)]),
  refused("UNSAFE_ENTRY", "two dots with a slash as a file", [file("../", "x")]),
  refused("UNSAFE_ENTRY", "a symlink above the layer", [symlink(out, "x")]),
  refused("UNSAFE_ENTRY", "a hard link above the layer", [file("a"), hardlink(out, "a")]),
  refused("UNSAFE_ENTRY", "a fifo above the layer", [fifo(out)]),
  refused("UNSAFE_ENTRY", "a device above the layer", [device(out, "3", 1, 3)]),
  accepted(
    "an absolute name: the layer's root is the root of all names",
    (outside) => [file(`${outside}/new`, "x")],
    ["WAY UNDER", 'f 644 UNDER/new "x"'],
  ),
  accepted(
    "an absolute name of a file that is there on the host",
    (outside) => [file(`${outside}/file`, "x")],
    ["WAY UNDER", 'f 644 UNDER/file "x"'],
  ),
  accepted("an absolute name with two slashes", (outside) => [file(`/${outside}/new`, "x")], [
    "WAY UNDER",
    'f 644 UNDER/new "x"',
  ]),
  accepted("an absolute directory", (outside) => [directory(`${outside}/`, 0o777)], [
    "WAY TO UNDER",
    "d 777 UNDER",
  ]),
  accepted("an absolute symlink name", (outside) => [symlink(`${outside}/new`, "x")], [
    "WAY UNDER",
    "l UNDER/new -> x",
  ]),
  accepted("the root by a slash", [directory("/", 0o777)], ["d 777 ."]),
  accepted("an absolute name of pax", (outside) => [pax([["path", `${outside}/new`]]), file("in", "x")], [
    "WAY UNDER",
    'f 644 UNDER/new "x"',
  ]),
  refused("UNSAFE_ENTRY", "two dots in the prefix", [entry({ name: "outside/new", prefix: ".." }, "x")]),
  refused("UNSAFE_ENTRY", "two dots in the name behind a prefix", [
    entry({ name: "../../outside/new", prefix: "a" }, "x"),
  ]),
  accepted("an absolute name in the prefix", (outside) => [entry({ name: "new", prefix: outside }, "x")], [
    "WAY UNDER",
    'f 644 UNDER/new "x"',
  ]),
  refused("UNSAFE_ENTRY", "a file in the place of the layer's root", [file(".", "x")]),
  refused("UNSAFE_ENTRY", "a symlink in the place of the layer's root", (outside) => [
    symlink("./", outside),
    file("file", "x"),
  ]),
  refused("BAD_ARCHIVE", "no name", [entry({ name: "" }, "x")]),
  refused("BAD_ARCHIVE", "no name but bytes behind its NUL", [entry({ name: "\0../outside/new" }, "x")]),
  refused("BAD_ARCHIVE", "a component longer than Linux takes", [
    pax([["path", "n".repeat(256)]]),
    file("short"),
  ]),
  refused("LIMIT_EXCEEDED", "a path longer than Linux takes", [
    pax([["path", "n/".repeat(2050)]]),
    file("short"),
  ]),
  accepted(
    "a prefix where GNU tar keeps something else",
    [file("f", "x", { prefix: "..", magic: gnuMagic })],
    ['f 644 f "x"'],
  ),
  accepted(
    "a prefix where old tars keep nothing",
    [file("f", "x", { prefix: "..", magic: "" })],
    ['f 644 f "x"'],
  ),
  accepted("two dots behind the NUL of a name", [file("ok\0/../../outside/new", "x")], ['f 644 ok "x"']),
  accepted(
    "a name that fills its field, and goes on in the mode",
    [file("n".repeat(100), "x")],
    [`f 644 "${"n".repeat(24)}…(102)…${"n".repeat(24)}" "x"`],
  ),
  accepted(
    "names that only look like two dots",
    ["...", "..a", "a..", ".. ", " ..", "..\\x", "%2e%2e", "\u00c0\u00ae\u00c0\u00ae", "\t.."].map((name) =>
      file(name),
    ),
    [
      'f 644 "\\t.."',
      'f 644 " .."',
      "f 644 %2e%2e",
      'f 644 ".. "',
      "f 644 ...",
      "f 644 ..\\x",
      "f 644 ..a",
      "f 644 a..",
      'f 644 "À®À®"',
    ],
  ),
  accepted(
    "names of other systems, of shells and of terminals",
    ["C:x", "c:\\y", "~", "-rf", "$(id)", "a;b", "\x1b[2J", "\r", "*"].map((name) => file(name)),
    [
      'f 644 "\\r"',
      'f 644 "\\u001b[2J"',
      "f 644 $(id)",
      "f 644 *",
      "f 644 -rf",
      "f 644 C:x",
      "f 644 a;b",
      "f 644 c:\\y",
      "f 644 ~",
    ],
  ),
  accepted(
    "names that differ in case alone",
    [file("A", "1"), file("a", "2"), directory("D/"), directory("d/")],
    ['f 644 A "1"', "d 755 D", 'f 644 a "2"', "d 755 d"],
  ),
  accepted(
    "a symlink whose other case is a way through",
    (outside) => [symlink("Link", outside), file("link/file", "x")],
    ["l Link -> OUTSIDE", "d 755 link @0", 'f 644 link/file "x"'],
  ),
  accepted(
    "a name in two forms of Unicode",
    [file("\xc3\xa9", "1"), file("e\xcc\x81", "2")],
    ['f 644 "e\u00cc\u0081" "2"', 'f 644 "\u00c3\u00a9" "1"'],
  ),
  accepted(
    "empty components and dots on the way",
    [file("./a//.//b/./c", "x")],
    ["d 755 a @0", "d 755 a/b @0", 'f 644 a/b/c "x"'],
  ),
  accepted("the root, named by nothing at all", [directory("", 0o711)], ["d 711 ."]),
  accepted(
    "the root, named in every way: the last counts",
    [directory("./", 0o711), directory("/", 0o700), directory(".", 0o750), directory("//./", 0o701)],
    ["d 701 ."],
  ),
  accepted(
    "one directory in three spellings",
    [directory("./d/", 0o700), file("/d/a"), directory("d", 0o750), file("d//b"), directory("/d/./", 0o711)],
    ["d 711 d", "f 644 d/a", "f 644 d/b"],
  ),
  accepted(
    "a name that becomes that of an earlier entry: the last counts",
    [
      file("f", "1"),
      symlink("./f", "/x"),
      file("/s", "1"),
      directory("./s/"),
      symlink("/t", "/x"),
      file("t", "2"),
    ],
    ["l f -> /x", "d 755 s", 'f 644 t "2"'],
  ),
  refused("UNSAFE_ENTRY", "a name that becomes that of a directory, of a file", [
    directory("./d/"),
    file("/d", "x"),
  ]),
  accepted(
    "hard links to absolute names, and to other spellings",
    [directory("d/"), file("/d/f", "x"), hardlink("./d/g", "/d/f"), hardlink("h", ".//d/./g")],
    ["d 755 d", 'f 644 d/f "x"', "h d/g = d/f", "h h = d/f"],
  ),
  accepted(
    "a path of 5000 bytes of which few count",
    [pax([["path", `${"./".repeat(2500)}f`]]), file("short", "x")],
    ['f 644 f "x"'],
  ),
  accepted("the root, named", [directory("./", 0o711)], ["d 711 ."]),
  accepted(
    "a file whose name ends in a slash: a directory of old tars",
    [file("d/", "", { mode: 0o750 })],
    ["d 750 d"],
  ),
  accepted(
    "a component of 255 bytes",
    [pax([["path", "n".repeat(255)]]), file("short")],
    [`f 644 "${"n".repeat(24)}…(257)…${"n".repeat(24)}"`],
  ),
];
