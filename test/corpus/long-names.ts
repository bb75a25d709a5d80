// The long names (L) and long targets (K) of GNU tar.
import { entry, gnuMagic, longName } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused } from "./case.js";
import { file, hardlink, symlink } from "./entries.js";

const f = file("f", "x", { magic: gnuMagic });
const long = (body: string, size = body.length, type = "L") =>
  entry({ name: "././@LongLink", type, size, magic: gnuMagic }, body);
const name = "n".repeat(150);
const shown = `"${"n".repeat(24)}…(152)…${"n".repeat(24)}"`;

export const longNames: readonly CorpusCase[] = [
  refused("UNSAFE_ENTRY", "a long name upward", [longName("../outside/new"), f]),
  accepted("an absolute long name", (outside) => [longName(`${outside}/file`), f], [
    "WAY UNDER",
    'f 644 UNDER/file "x"',
  ]),
  refused("UNSAFE_ENTRY", "a long name upward in an archive of pax", [longName("../outside/new"), file("f")]),
  refused("UNSAFE_ENTRY", "a long target upward of a hard link", [
    longName("../outside/file", "K"),
    hardlink("h", "f"),
  ]),
  accepted(
    "a long target that leads out, and a file through it",
    (outside) => [longName(outside, "K"), symlink("s", "x"), file("s/file", "x")],
    ["l s -> OUTSIDE", "WAY UNDER", 'f 644 UNDER/file "x"'],
  ),
  refused("UNSAFE_ENTRY", "a long name that goes on behind its size", [long("../outside/new", 1), f]),
  refused("UNSAFE_ENTRY", "a long name without a NUL", [long("../outside/new".padEnd(512, "/")), f]),
  refused("BAD_ARCHIVE", "two long names", [longName("a"), longName("b"), f]),
  refused("BAD_ARCHIVE", "two long targets", [longName("a", "K"), longName("b", "K"), symlink("s", "x")]),
  refused("BAD_ARCHIVE", "an empty long name", [longName(""), f]),
  refused("BAD_ARCHIVE", "a long name of no bytes", [long("", 0), f]),
  refused("BAD_ARCHIVE", "a long name that is the last of the archive", [longName("a")]),
  refused("BAD_ARCHIVE", "a long name before a volume label", [
    longName("a"),
    entry({ name: "V", type: "V" }),
    f,
  ]),
  refused("BAD_ARCHIVE", "a long name of a negative size", [
    entry({ name: "L", type: "L", magic: gnuMagic, patches: { 124: "\xff".repeat(12) } }),
    f,
  ]),
  refused("LIMIT_EXCEEDED", "a long name of two mebibytes", [long("", 2 ** 21), f]),
  refused("LIMIT_EXCEEDED", "a long name longer than Linux takes", [longName("n/".repeat(2050)), f]),
  accepted("a long name with two dots behind its NUL", [long("ok\0/../../outside/new"), f], ['f 644 ok "x"']),
  accepted("a long name of a file", [longName(name), f], [`f 644 ${shown} "x"`]),
  accepted(
    "a long name and a long target, either first",
    [
      longName(name, "K"),
      longName(`${name}1`),
      symlink("s", "x"),
      longName("s"),
      longName(name, "K"),
      symlink("t", "x"),
    ],
    [`l "${"n".repeat(24)}…(153)…${"n".repeat(23)}1" -> ${shown}`, `l s -> ${shown}`],
  ),
  accepted("a long target for what is no link", [longName("../outside/file", "K"), f], ['f 644 f "x"']),
  accepted(
    "a header of a long name with a hostile name of its own",
    [entry({ name: "../../outside/new", type: "L", magic: gnuMagic }, "f\0"), file("g", "x")],
    ['f 644 f "x"'],
  ),
];
